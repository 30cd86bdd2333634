//! `GET` and `POST /fhir/R4/ValueSet/$expand`, and the same below a value set: tell the codes that it stands for.

use app::{Answer, Ask, Reply};
use operations::expand::{self, Question};

pub(super) async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("id");
    let id = Some(id).filter(|_| ask.route.path.contains("{id}"));
    let question = match ask.call.method.as_str() {
        "POST" => ask
            .call
            .object()
            .and_then(|body| Question::posted(id, &body)),
        _ => Question::of(id, &ask.call.query),
    };
    let (_, set) = ask
        .admit_seeing(ask.destination(), |tenant, claimant, sight| {
            expand::look(ask.means, (tenant, claimant), question, sight)
        })
        .await?;
    Ok(Reply::fhir(set.to_json(ask.call.view())))
}
