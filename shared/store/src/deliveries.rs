//! The life of a letter: queued → sending (the secret comes to exist) → sent, failed or unknown.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::{Failure, RequestId, Timestamp};

use serde::Deserialize;
use uuid::Uuid;

use crate::Store;
use crate::invitations::{Delivery, Letter};
use crate::keys::Key;
use crate::row::{self, Item};

/// A letter that is to be sent now, by this attempt and no other: what every request that brings one has.
#[derive(Clone, Debug, Deserialize)]
pub struct Errand {
    request: Uuid,
    /// Which letter.
    pub letter: Letter,
    /// The address it goes to, in normal form.
    #[serde(default)]
    pub email: Option<String>,
    /// The name of the product that it speaks for.
    pub product: String,
    /// The name of the project that somebody is invited to.
    #[serde(rename = "projectName", default)]
    pub project_name: String,
    /// Counts the letters of this request.
    #[serde(rename = "sendSeq")]
    pub send_seq: u32,
    /// How often this letter was refused and tried again.
    #[serde(default)]
    pub attempts: u32,
    delivery: Delivery,
}

impl Errand {
    /// The id of the request.
    pub fn id(&self) -> RequestId {
        RequestId::new(self.request)
    }
}

/// What came of trying to begin.
#[derive(Debug)]
pub enum Started {
    /// Ours to send.
    Yes(Box<Errand>),
    /// An earlier attempt began and was never heard of again.
    Abandoned,
    /// Nothing left to do, or another letter by now.
    Settled(Option<Delivery>),
}

/// A change of one letter's state, under the condition that nobody else has moved it.
struct Move<'a> {
    request: RequestId,
    send_seq: u32,
    from: Delivery,
    set: &'a str,
    values: Vec<(&'a str, AttributeValue)>,
}

impl Store {
    /// Begins letter number `send_seq`: the hash of its secret and the secret's expiry come to exist with `sending`, before the
    /// mail service is called; so no secret is ever mailed that is not known here, and none is mailed twice.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn begin_delivery(
        &self,
        request: RequestId,
        send_seq: u32,
        (secret_hash, expires): (&str, Timestamp),
    ) -> Result<Started, Failure> {
        let values = vec![
            (":hash", AttributeValue::S(secret_hash.to_owned())),
            (
                ":expires",
                AttributeValue::N(expires.as_seconds().to_string()),
            ),
        ];
        let step = Move {
            request,
            send_seq,
            from: Delivery::Queued,
            set: "SET delivery = :to, secretHash = :hash, expiresAt = :expires",
            values,
        };
        match self.shift(step, Delivery::Sending).await? {
            Ok(item) => Ok(Started::Yes(Box::new(row::read("a letter", item)?))),
            Err(None) => Ok(Started::Settled(None)),
            Err(Some(item)) => {
                // The answer to an earlier sending of this very call may have been lost: then the secret is the one just drawn.
                let ours = row::text(&item, "secretHash") == secret_hash;
                let row: Errand = row::read("a letter", item)?;
                let crashed = row.send_seq == send_seq && row.delivery == Delivery::Sending;
                Ok(if crashed && ours {
                    Started::Yes(Box::new(row))
                } else if crashed {
                    Started::Abandoned
                } else {
                    Started::Settled(Some(row.delivery))
                })
            }
        }
    }

    /// Ends letter number `send_seq` as `sent`, `failed` or `unknown`, with the reason if there is one.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn end_delivery(
        &self,
        request: RequestId,
        send_seq: u32,
        (to, reason): (Delivery, Option<&str>),
    ) -> Result<(), Failure> {
        let values = vec![(
            ":reason",
            AttributeValue::S(reason.unwrap_or_default().to_owned()),
        )];
        let set = "SET delivery = :to, reason = :reason";
        let step = Move {
            request,
            send_seq,
            from: Delivery::Sending,
            set,
            values,
        };
        self.shift(step, to).await.map(|_| ())
    }

    /// Puts a letter that was refused back into the queue.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn requeue(
        &self,
        request: RequestId,
        send_seq: u32,
        reason: &str,
    ) -> Result<(), Failure> {
        let values = vec![
            (":reason", AttributeValue::S(reason.to_owned())),
            (":one", AttributeValue::N("1".into())),
        ];
        let set = "SET delivery = :to, reason = :reason, attempts = attempts + :one";
        let step = Move {
            request,
            send_seq,
            from: Delivery::Sending,
            set,
            values,
        };
        self.shift(step, Delivery::Queued).await.map(|_| ())
    }

    /// Moves a letter; `Err` holds the row as it stands when the condition does not hold.
    async fn shift(
        &self,
        step: Move<'_>,
        to: Delivery,
    ) -> Result<Result<Item, Option<Item>>, Failure> {
        let mut update = self
            .client()
            .update_item()
            .table_name(self.table())
            .set_key(Some(row::place(&Key::Request(step.request))))
            .update_expression(step.set)
            .condition_expression("sendSeq = :seq AND delivery = :from")
            .expression_attribute_values(":seq", AttributeValue::N(step.send_seq.to_string()))
            .expression_attribute_values(":from", state(step.from))
            .expression_attribute_values(":to", state(to))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in step.values {
            update = update.expression_attribute_values(name, value);
        }
        match update.send().await {
            Ok(answer) => Ok(Ok(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Err(failed.item.clone().filter(|item| !item.is_empty())))
                }
                _ => Err(Failure::unavailable("the table", error)),
            },
        }
    }
}

fn state(delivery: Delivery) -> AttributeValue {
    let text = match delivery {
        Delivery::None => "none",
        Delivery::Queued => "queued",
        Delivery::Sending => "sending",
        Delivery::Sent => "sent",
        Delivery::Failed => "failed",
        Delivery::Unknown => "unknown",
    };
    AttributeValue::S(text.into())
}
