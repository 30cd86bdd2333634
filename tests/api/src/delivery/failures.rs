//! What can go wrong between the table, the sender and the mail service.

use harness::proxy::{Fault, Plan};
use harness::world::World;
use local::mailbox;
use serde_json::json;
use tokio::task::JoinSet;

use super::{given_up, invite, letters, person, post_office, row, settled};
use crate::world::at_once;

/// Invites this address while the plan holds; the delivery must end in `state`, and `count` letters must have gone out in the end.
async fn delivered(
    world: &World,
    (email, plan): (&str, Plan),
    state: &str,
    count: usize,
) -> String {
    let project = world.project("Post").await;
    world.proxy().lay(plan);
    let invitation = invite(world, &project, &person(email)).await;
    let row = settled(world, &invitation, state).await;
    assert_eq!(row["sendSeq"], 1);
    if state == "sent" {
        // What follows in the stream is only handled when this record is done with.
        invite(world, &project, &person(&format!("next.{email}"))).await;
        world
            .letter_to(&format!("next.{email}"))
            .await
            .expect("the next letter");
    } else {
        given_up(world, &invitation).await;
    }
    assert_eq!(letters(world, email).len(), count);
    assert_eq!(
        super::row(world, &invitation).await["delivery"],
        state,
        "nothing moves it afterwards"
    );
    invitation
}

#[tokio::test]
async fn a_letter_that_the_mail_service_refuses_is_tried_three_times_then_failed_with_its_reason() {
    let (world, _turn) = post_office().await;
    let recorder = world.proxy().record();
    let email = "homer.mailfail@example.com";
    let invitation = delivered(world, (email, Plan::default()), "failed", 0).await;
    let pk = format!("REQUEST#{invitation}");
    let moves = recorder.finish().by("deliver-mail");
    let moves = moves
        .calls
        .iter()
        .filter(|call| call.status == 200 && call.keys[0].0 == pk);
    assert_eq!(
        moves.count(),
        6,
        "three times begun, twice queued again, once failed"
    );
    let row = row(world, &invitation).await;
    assert_eq!(row["reason"], "MessageRejected");
    assert_eq!(row["attempts"], 2);
}

#[tokio::test]
async fn a_failing_letter_is_no_failure_of_the_invite() {
    let (world, _turn) = post_office().await;
    let project = world.project("Bad address").await;
    let body = person("marge.mailfail@example.com");
    let answer = project.invite(&project.admin, &body).await.must(200);
    assert_eq!(answer.body["resourceType"], "ProjectMembership");
}

#[tokio::test]
async fn a_letter_refused_for_the_moment_goes_out_once_when_it_is_taken() {
    let (world, _turn) = post_office().await;
    world
        .mailbox()
        .next_answers([mailbox::Fault::Throttled, mailbox::Fault::Throttled]);
    delivered(world, ("throttled@example.com", Plan::default()), "sent", 1).await;
}

#[tokio::test]
async fn a_letter_that_the_mail_service_fails_at_is_unknown_and_never_sent_again() {
    let (world, _turn) = post_office().await;
    world.mailbox().next_answers([mailbox::Fault::ServerError]);
    delivered(
        world,
        ("failure@example.com", Plan::default()),
        "unknown",
        0,
    )
    .await;
}

#[tokio::test]
async fn a_letter_that_is_never_answered_is_unknown_and_never_sent_again() {
    let (world, _turn) = post_office().await;
    world.mailbox().next_answers([mailbox::Fault::Hang]);
    delivered(world, ("hang@example.com", Plan::default()), "unknown", 0).await;
}

#[tokio::test]
async fn a_letter_whose_answer_is_lost_is_unknown_and_never_sent_again() {
    let (world, _turn) = post_office().await;
    world
        .mailbox()
        .next_answers([mailbox::Fault::DropAfterAccept]);
    delivered(
        world,
        ("dropped@example.com", Plan::default()),
        "unknown",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_sender_that_dies_before_it_begins_is_replaced_and_sends_one_letter() {
    let (world, _turn) = post_office().await;
    let plan = Plan::new(1).nth("deliver-mail/UpdateItem", 1, Fault::CrashBefore);
    delivered(world, ("crash.before@example.com", plan), "sent", 1).await;
}

#[tokio::test]
async fn a_sender_that_dies_between_beginning_and_sending_sends_no_letter_and_says_unknown() {
    let (world, _turn) = post_office().await;
    let plan = Plan::new(1).nth("deliver-mail/UpdateItem", 1, Fault::CrashAfter);
    delivered(world, ("crash.begun@example.com", plan), "unknown", 0).await;
}

#[tokio::test]
async fn a_sender_that_dies_after_sending_sends_no_second_letter_and_says_unknown() {
    let (world, _turn) = post_office().await;
    let plan = Plan::new(1).nth("deliver-mail/UpdateItem", 2, Fault::CrashBefore);
    delivered(world, ("crash.sent@example.com", plan), "unknown", 1).await;
}

#[tokio::test]
async fn a_sender_that_dies_after_noting_that_it_sent_sends_no_second_letter() {
    let (world, _turn) = post_office().await;
    let plan = Plan::new(1).nth("deliver-mail/UpdateItem", 2, Fault::CrashAfter);
    delivered(world, ("crash.noted@example.com", plan), "sent", 1).await;
}

#[tokio::test]
async fn a_table_that_loses_calls_of_the_sender_costs_no_letter_and_sends_none_twice() {
    let (world, _turn) = post_office().await;
    for (number, fault) in [
        (1, Fault::LostRequest),
        (2, Fault::LostRequest),
        (1, Fault::LostAnswer),
        (2, Fault::LostAnswer),
        (1, Fault::Throttle),
        (2, Fault::ServerError),
    ] {
        let plan = Plan::new(1).nth("deliver-mail/UpdateItem", number, fault);
        let email = format!("{fault:?}.{number}@example.com").to_lowercase();
        delivered(world, (&email, plan), "sent", 1).await;
    }
}

#[tokio::test]
async fn one_record_of_the_stream_delivered_many_times_at_once_sends_one_letter() {
    let (world, _turn) = post_office().await;
    let project = world.project("Echo").await;
    let email = "echo@example.com";
    let invitation = invite(world, &project, &person(email)).await;
    let mut image = world.rows(&format!("REQUEST#{invitation}")).await.remove(0);
    image["delivery"] = json!({ "S": "queued" });
    let record =
        json!({ "eventName": "INSERT", "dynamodb": { "SequenceNumber": "1", "NewImage": image } });
    let event = json!({ "Records": [record] });
    let mut echoes = JoinSet::new();
    for _ in 0..8 {
        let event = event.clone();
        echoes.spawn(async move { world.host().invoke("deliver-mail", &event).await });
    }
    for answered in echoes.join_all().await {
        answered.expect("an answer");
    }
    // An echo that meets the letter on its way out cannot know that its sender lives: it may call the letter unknown.
    world.letter_to(email).await.expect("the letter");
    invite(world, &project, &person("after.echo@example.com")).await;
    let next = world.letter_to("after.echo@example.com").await;
    next.expect("the next letter");
    let state = row(world, &invitation).await["delivery"].clone();
    assert!(state == "sent" || state == "unknown", "{state}");
    assert_eq!(letters(world, email).len(), 1);
}

#[tokio::test]
async fn letters_of_many_invitations_at_once_are_all_sent_once() {
    let (world, _turn) = post_office().await;
    let project = world.project("Mass mailing").await;
    let email = |number| format!("mass{number}@example.com");
    let answers = at_once(24, |number| {
        let (project, body) = (project.clone(), person(&email(number)));
        async move { project.invite(&project.admin, &body).await }
    })
    .await;
    for (number, answer) in answers.into_iter().enumerate() {
        answer.must(200);
        world.letter_to(&email(number)).await.expect("a letter");
        assert_eq!(letters(world, &email(number)).len(), 1);
    }
}
