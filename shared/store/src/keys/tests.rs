use super::*;

fn project_id(n: u128) -> ProjectId {
    ProjectId::new(Uuid::from_u128(n))
}

#[test]
fn memberships_sort_persons_first_and_by_type() {
    let keys = ProfileType::ALL
        .map(|kind| Key::Membership(project_id(1), kind, MembershipId::new(Uuid::nil())).sk());
    let persons: Vec<_> = keys.iter().filter(|sk| sk.starts_with(HUMANS)).collect();
    assert_eq!(persons.len(), 3);
    assert!(
        keys.iter()
            .all(|sk| membership_of(project_id(1), sk).is_some())
    );
}

#[test]
fn a_membership_key_reads_back() {
    let key = Key::Membership(
        project_id(7),
        ProfileType::Bot,
        MembershipId::new(Uuid::from_u128(9)),
    );
    assert_eq!(membership_of(project_id(7), &key.sk()), Some(key));
}

#[test]
fn the_row_behind_an_index_is_read_from_its_keys() {
    let keys = [
        Key::Project(project_id(1)),
        Key::User(UserId::new(Uuid::from_u128(2))),
        Key::Membership(
            project_id(3),
            ProfileType::Patient,
            MembershipId::new(Uuid::from_u128(4)),
        ),
        Key::Resource(project_id(5), "Patient".into(), Uuid::from_u128(6)),
    ];
    for key in keys {
        assert_eq!(row_at(&key.pk(), &key.sk()), Some(key));
    }
    assert_eq!(row_at("SYS", "KEYS"), None);
}

#[test]
fn no_partition_of_one_project_is_a_prefix_match_of_another() {
    let blind = Blind::new("h".repeat(22));
    let rows = |p: ProjectId| {
        let profile = ProfileRef {
            kind: ProfileType::Patient,
            id: Uuid::nil(),
        };
        vec![
            Key::Project(p),
            Key::Membership(p, ProfileType::Patient, MembershipId::new(Uuid::nil())),
            Key::Resource(p, "Patient".into(), Uuid::nil()),
            Key::ProfileByEmail(p, blind.clone(), profile),
            Key::ExternalId(p, blind.clone()),
            Key::Audit(p, "20261121".into(), Uuid::nil()),
        ]
    };
    let (one, ten) = (project_id(1), project_id(0x10));
    for key in rows(ten) {
        assert!(!key.pk().starts_with(&project(one)));
    }
    let mut all: Vec<_> = rows(one).iter().map(|k| (k.pk(), k.sk())).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), rows(one).len());
}
