//! How often an address has called within a minute.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{Blind, Failure, Minute};

use crate::Store;
use crate::keys::Key;
use crate::row;

impl Store {
    /// Counts a call, and says which number it is in its minute; nothing when that would be more than `limit`, which no number
    /// of simultaneous calls gets past. One update outside of any transaction: it is no part of what the call does.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn count_call(
        &self,
        address: Blind,
        minute: Minute,
        limit: u32,
    ) -> Result<Option<u32>, Failure> {
        let number = |number: i64| AttributeValue::N(number.to_string());
        let counted = self
            .client()
            .update_item()
            .table_name(self.table())
            .set_key(Some(row::place(&Key::Calls(address, minute.number()))))
            .update_expression("ADD calls :one SET #ttl = :ttl")
            .condition_expression("attribute_not_exists(PK) OR calls < :limit")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(limit.into()))
            .expression_attribute_values(":ttl", number((minute.number() + 2) * 60))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        match counted {
            Ok(answer) => {
                let calls = answer.attributes().and_then(|row| row.get("calls"));
                let calls = calls.and_then(|calls| calls.as_n().ok()?.parse().ok());
                let lost = || Failure::corrupt("a count of calls", "it is no number");
                calls.map(Some).ok_or_else(lost)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(Failure::unavailable("the table", error)),
            },
        }
    }
}
