//! The picture of somebody who signs in, in his profiles of the projects that want that (setting `googleAuthProfilePictures`).

use domain::{Failure, Membership, Project};
use serde_json::{Map, Value, json};
use store::{Aborted, Action, Event, Existence, Transaction};
use url::Url;

use crate::Means;
use crate::sign_in::offer::Offer;

/// In so many profiles at the most.
const MOST: usize = 10;
/// The longest address of a picture, in bytes.
const LONGEST: usize = 2_000;

/// Puts the claim `picture` into every profile on offer that has no photo.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(super) async fn copy(
    means: Means<'_>,
    offer: &Offer,
    claims: &Map<String, Value>,
) -> Result<(), Failure> {
    let picture = claims.get("picture").and_then(Value::as_str);
    let Some(picture) = picture.filter(|picture| is_address(picture)) else {
        return Ok(());
    };
    let wants = |project: &&Project| project.copies_google_pictures();
    for member in offer.members.iter().take(MOST) {
        let project = member.membership.project();
        let project = project.and_then(|id| offer.projects.get(&id)).filter(wants);
        if let Some(project) = project {
            show(means, (&member.membership, project), picture).await?;
        }
    }
    Ok(())
}

fn is_address(text: &str) -> bool {
    text.len() <= LONGEST && Url::parse(text).is_ok_and(|url| url.scheme() == "https")
}

/// Nothing is lost when somebody changes the profile at the same moment: at the next sign-in it is looked at again.
async fn show(
    means: Means<'_>,
    (membership, project): (&Membership, &Project),
    picture: &str,
) -> Result<(), Failure> {
    let tenant = means.store.founding(project.id());
    let profile = membership.profile_ref()?;
    let Existence::Here(stored) = tenant.resource(profile.kind.as_str(), profile.id).await? else {
        return Ok(());
    };
    let old = &stored.resource;
    if old.body.contains_key("photo") {
        return Ok(());
    }
    let himself = membership.profile();
    let mut new = old.clone();
    new.meta = means.next_version(himself.clone(), &old.meta);
    let photo = json!([{ "url": picture }]);
    new.body.insert("photo".into(), photo);
    let fields = [("photo".to_owned(), "changed".to_owned())].into();
    let parties = (himself.clone(), himself);
    let event = Event::success(Action::Update, "copy-picture", parties, means.now);
    let written = Transaction::new()
        .steps(tenant.rewrite_resource(old, &new))
        .step(tenant.record(&event.with_fields(fields), means.now, means.dice));
    match written.commit(means.store, means.dice).await {
        Ok(()) | Err(Aborted::Changed) => Ok(()),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}
