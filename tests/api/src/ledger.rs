//! The whole table at one moment, and what must be true of it whatever has happened.

use std::collections::{BTreeMap, BTreeSet};

use harness::world::World;
use serde_json::{Map, Value, json};

/// Every row: plain JSON instead of DynamoDB's, with the body of a resource as an object.
pub(crate) struct Ledger(BTreeMap<(String, String), Value>);

impl Ledger {
    /// Reads the table past the proxy.
    pub(crate) async fn read(world: &World) -> Self {
        let mut rows = BTreeMap::new();
        let keep = |row: Value| {
            let mut row = plain_map(&row);
            if let Some(body) = row["body"].as_str().filter(|body| body.starts_with('{')) {
                row["body"] = serde_json::from_str(body).unwrap();
            }
            rows.insert((text(&row, "PK"), text(&row, "SK")), row);
        };
        world.each_row(keep).await;
        Self(rows)
    }

    /// The rows of one partition.
    pub(crate) fn partition(&self, pk: &str) -> Vec<&Value> {
        self.from(pk, |own| own == pk).collect()
    }

    /// The rows whose partition begins with `prefix`.
    pub(crate) fn below(&self, prefix: &str) -> Vec<&Value> {
        self.from(prefix, |pk| pk.starts_with(prefix)).collect()
    }

    /// The rows from the partition `pk` on, for as long as their partitions are wanted: a table is too long to be gone through for each.
    fn from(&self, pk: &str, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &Value> {
        let rows = self.0.range((pk.to_owned(), String::new())..);
        rows.take_while(move |((pk, _), _)| wanted(pk))
            .map(|(_, row)| row)
    }

    /// One row.
    pub(crate) fn row(&self, pk: &str, sk: &str) -> Option<&Value> {
        self.0.get(&(pk.to_owned(), sk.to_owned()))
    }

    /// The rows that say these words in any attribute, their keys among them.
    pub(crate) fn naming(&self, words: &str) -> Vec<&Value> {
        let rows = self.0.values();
        rows.filter(|row| row.to_string().contains(words)).collect()
    }

    /// The users who have this address, in whatever scope.
    pub(crate) fn users(&self, email: &str) -> Vec<&Value> {
        let rows = self.0.iter().filter(|((_, sk), _)| sk == "USER");
        let users = rows.map(|(_, row)| row);
        users.filter(|row| row["body"]["email"] == email).collect()
    }

    /// The current memberships of persons in a project.
    pub(crate) fn persons(&self, project: &str) -> Vec<&Value> {
        let members = self.partition(&format!("P#{project}#M"));
        let is_person = |row: &&Value| text(row, "SK").starts_with("H#");
        members.into_iter().filter(is_person).collect()
    }

    /// The current resources of one type in a project.
    pub(crate) fn resources(&self, project: &str, kind: &str) -> Vec<&Value> {
        let rows = self.partition(&format!("P#{project}#R"));
        let is_kind = |row: &&Value| text(row, "SK").starts_with(&format!("{kind}#"));
        rows.into_iter().filter(is_kind).collect()
    }

    /// The invitations into a project, with the state of their letters.
    pub(crate) fn invitations(&self, project: &str) -> Vec<&Value> {
        let rows = self.below("REQUEST#").into_iter();
        rows.filter(|row| row["project"] == project && row["type"] == "invite")
            .collect()
    }

    /// What a project's record says happened.
    pub(crate) fn events(&self, project: &str) -> Vec<&Value> {
        self.below(&format!("P#{project}#A#"))
    }

    /// The number in a project's guard, and the number of memberships it stands for.
    pub(crate) fn admins(&self, project: &str) -> (u64, usize) {
        let guard = self.row(&format!("P#{project}"), "ADMINS");
        let guard = guard.and_then(|row| row["admins"].as_u64());
        let members = self.partition(&format!("P#{project}#M"));
        let admins = members.iter().filter(|row| is_admin(row)).count();
        (guard.unwrap_or(0), admins)
    }

    /// Stops the test, naming every row that contradicts another one.
    pub(crate) fn must_hold(&self) {
        let mut wrong = Vec::new();
        self.memberships(&mut wrong);
        self.owners(&mut wrong);
        self.counts(&mut wrong);
        assert!(
            wrong.is_empty(),
            "the table contradicts itself:\n{}",
            wrong.join("\n")
        );
    }

    /// A membership stands on a user or an application, on a profile, and on its edge, guards and invitation.
    fn memberships(&self, wrong: &mut Vec<String>) {
        for ((pk, sk), row) in self.members() {
            let project = project_of(pk);
            if self.is_closed(project) {
                continue;
            }
            let mut needs = |pk: String, sk: &str, what: &str| {
                if self.row(&pk, sk).is_none() {
                    wrong.push(format!("{sk} in {project} without {what}"));
                }
            };
            let (kind, user) = reference(row, "user");
            if kind == "User" {
                needs(format!("U#{user}"), "USER", "its user");
                needs(format!("U#{user}"), &format!("M#{project}"), "its edge");
            } else if kind == "ClientApplication" {
                needs(format!("CLIENT#{user}"), "CLIENT", "its credentials");
            }
            let (kind, profile) = reference(row, "profile");
            needs(
                format!("P#{project}#R"),
                &format!("{kind}#{profile}"),
                "its profile",
            );
            if let Some(invitation) = row["invitation"].as_str() {
                needs(format!("REQUEST#{invitation}"), "REQUEST", "its invitation");
                needs(
                    format!("P#{project}#I"),
                    invitation,
                    "its invitation's place",
                );
            }
            for (field, family) in [("externalId", "external-id"), ("userName", "user-name")] {
                let guards = self.below(&format!("P#{project}#X#{family}#")).into_iter();
                let guards = guards.filter(|guard| guard["member"] == *sk).count();
                let wanted = usize::from(row["body"][field].is_string());
                if guards != wanted {
                    wrong.push(format!(
                        "{sk} in {project} has {guards} guards of its {field}"
                    ));
                }
            }
        }
    }

    /// Every guard, edge, index row and invitation has an owner.
    fn owners(&self, wrong: &mut Vec<String>) {
        for ((pk, sk), row) in &self.0 {
            let project = project_of(pk);
            let named = [project.to_owned(), text(row, "project"), edge_to(sk)];
            if named.iter().any(|it| self.is_closed(it)) {
                continue;
            }
            let owned = if let Some(of) = sk.strip_prefix("M#").filter(|_| pk.starts_with("U#")) {
                let ends = row["memberships"].as_array().unwrap();
                ends.iter().all(|end| {
                    self.row(&format!("P#{of}#M"), end.as_str().unwrap())
                        .is_some()
                })
            } else if pk.starts_with("UQ#") {
                sk != "HOLDER"
                    || self
                        .row(&format!("U#{}", text(row, "user")), "USER")
                        .is_some()
            } else if pk.contains("#X#email#") {
                self.row(&format!("P#{project}#R"), sk).is_some()
            } else if let Some((_, domain)) = pk.split_once("#X#domain#") {
                let configuration = format!("DomainConfiguration#{}", text(row, "by"));
                let configuration = self.row(&format!("P#{project}#R"), &configuration);
                configuration.is_some_and(|it| it["body"]["domain"] == domain)
            } else if pk.contains("#X#") {
                self.row(&format!("P#{project}#M"), &text(row, "member"))
                    .is_some()
            } else if sk == "REQUEST" && row["type"] != "invite" {
                self.row(&format!("U#{}", text(row, "user")), "USER")
                    .is_some()
            } else if sk == "REQUEST" && row["revoked"] == true {
                // It may outlive the membership, for the list of what was taken back.
                true
            } else if sk == "REQUEST" {
                let id = text(row, "membership");
                let members = self.partition(&format!("P#{}#M", text(row, "project")));
                members.iter().any(|member| text(member, "id") == id)
            } else if pk.ends_with("#I") {
                self.row(&format!("REQUEST#{sk}"), "REQUEST").is_some()
            } else if sk == "CLIENT" {
                let (project, id) = (text(row, "project"), pk.replace("CLIENT#", ""));
                self.row(
                    &format!("P#{project}#R"),
                    &format!("ClientApplication#{id}"),
                )
                .is_some()
            } else {
                true
            };
            if !owned {
                let whose = (&row["type"], &row["project"], &row["membership"]);
                wrong.push(format!("{pk} {sk} belongs to nobody: {whose:?}"));
            }
        }
    }

    /// Administrators, the memberships of a profile, and the guards of an address are counted rightly.
    fn counts(&self, wrong: &mut Vec<String>) {
        let projects: BTreeSet<_> = self.0.keys().filter(|(_, sk)| sk == "META").collect();
        for (pk, _) in projects {
            if self.is_closed(project_of(pk)) {
                continue;
            }
            let (guard, admins) = self.admins(project_of(pk));
            if guard != admins as u64 {
                wrong.push(format!(
                    "{pk} counts {guard} administrators and has {admins}"
                ));
            }
        }
        for ((pk, sk), row) in self.0.iter().filter(|((pk, _), _)| pk.ends_with("#R")) {
            if self.is_closed(project_of(pk)) {
                continue;
            }
            let profile = sk.replace('#', "/");
            let members = self.partition(&format!("P#{}#M", project_of(pk)));
            let members = members
                .iter()
                .filter(|member| member["body"]["profile"]["reference"] == profile)
                .count();
            if row["members"].as_u64().unwrap_or(0) != members as u64 {
                wrong.push(format!(
                    "{pk} {sk} counts {} memberships and has {members}",
                    row["members"]
                ));
            }
        }
        let mut guards_of: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for guard in self.below("UQ#") {
            let user = guard["user"].as_str().unwrap_or_default();
            guards_of.entry(user).or_default().push(guard);
        }
        for ((pk, _), row) in self.0.iter().filter(|((_, sk), _)| sk == "USER") {
            if self.is_closed(&text(row, "project")) {
                continue;
            }
            let user = pk.strip_prefix("U#").unwrap_or_default();
            let guards = guards_of.remove(user).unwrap_or_default();
            if guards.len() != usize::from(row["body"]["email"].is_string()) {
                wrong.push(format!("{pk} has {} guards of its address", guards.len()));
            }
            for field in ["address", "provenAddress", "epoch", "bornIn"] {
                if guards.iter().any(|guard| guard[field] != row[field]) {
                    wrong.push(format!(
                        "{pk} and the guard of its address differ in {field}"
                    ));
                }
            }
        }
    }

    /// Whether a job is still making or deleting a project, and nobody finds it.
    fn is_closed(&self, project: &str) -> bool {
        let row = self.row(&format!("P#{project}"), "META");
        row.is_some_and(|row| row["life"].is_string())
    }

    fn members(&self) -> impl Iterator<Item = (&(String, String), &Value)> {
        self.0
            .iter()
            .filter(|((pk, _), _)| pk.starts_with("P#") && pk.ends_with("#M"))
    }
}

/// An attribute as text; empty when it is none.
pub(crate) fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

/// The project at the end of a user's edge; empty when it is none.
fn edge_to(sk: &str) -> String {
    sk.strip_prefix("M#").unwrap_or_default().to_owned()
}

fn is_admin(member: &Value) -> bool {
    member["body"]["admin"] == true && member["body"]["active"] != false
}

fn project_of(pk: &str) -> &str {
    pk.split('#').nth(1).unwrap_or_default()
}

fn reference<'a>(member: &'a Value, field: &str) -> (&'a str, &'a str) {
    let reference = member["body"][field]["reference"].as_str();
    reference
        .and_then(|text| text.split_once('/'))
        .unwrap_or_default()
}

fn plain_map(attributes: &Value) -> Value {
    let fields = attributes.as_object().unwrap().iter();
    Value::Object(
        fields
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect::<Map<_, _>>(),
    )
}

/// `{"S": "x"}` becomes `"x"`, and so on.
fn plain(attribute: &Value) -> Value {
    let (kind, value) = attribute.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "N" => serde_json::from_str(value.as_str().unwrap()).unwrap(),
        "M" => plain_map(value),
        "L" => value.as_array().unwrap().iter().map(plain).collect(),
        "NULL" => json!(null),
        _ => value.clone(),
    }
}
