//! A step as the SDK takes it.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};

use super::{Step, Write};

impl Step {
    /// The condition as a whole, if there is one.
    pub(super) fn whole_condition(&self) -> Option<Cow<'static, str>> {
        let counted = self.count.as_ref().map(|count| match count.least {
            Some(_) => format!("{} >= :least", count.attribute),
            None => "attribute_exists(PK)".to_owned(),
        });
        match (self.condition, counted) {
            (Some(condition), Some(counted)) => Some(format!("({condition}) AND {counted}").into()),
            (condition, counted) => condition.map(Cow::from).or(counted.map(Cow::from)),
        }
    }

    /// The update as a whole.
    pub(super) fn whole_update(&self, expression: &'static str) -> Cow<'static, str> {
        match &self.count {
            Some(count) => {
                let counted = format!("{expression} ADD {} :more", count.attribute);
                counted.trim_start().to_owned().into()
            }
            None => expression.into(),
        }
    }

    /// All values in the expressions.
    pub(super) fn whole_values(&self) -> Option<HashMap<String, AttributeValue>> {
        let mut values = self.values.clone();
        if let Some(count) = &self.count {
            let number = |number: i64| AttributeValue::N(number.to_string());
            values.insert(":more".into(), number(count.by));
            values.extend(
                count
                    .least
                    .map(|least| (":least".into(), number(least - count.by))),
            );
        }
        (!values.is_empty()).then_some(values)
    }

    /// Attributes whose names are words of the expression language are written `#name`; the SDK wants them spelled out.
    fn names(&self) -> Option<HashMap<String, String>> {
        let update = match &self.write {
            Write::Update(_, expression) => *expression,
            Write::Put(_) | Write::Delete(_) | Write::Check(_) => "",
        };
        let words = [self.condition.unwrap_or_default(), update].join(" ");
        let words = words.split(|c: char| !c.is_alphanumeric() && c != '#');
        let names: HashMap<_, _> = words
            .filter_map(|word| Some((word.to_owned(), word.strip_prefix('#')?.to_owned())))
            .collect();
        (!names.is_empty()).then_some(names)
    }

    /// The step as the SDK takes it.
    pub(crate) fn request(&self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let condition = self.whole_condition().map(Cow::into_owned);
        let values = self.whole_values();
        let names = self.names();
        let builder = TransactWriteItem::builder();
        Ok(match &self.write {
            Write::Put(item) => builder.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(item.clone()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()?,
            ),
            Write::Update(key, expression) => builder.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .update_expression(self.whole_update(expression))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()?,
            ),
            Write::Delete(key) => builder.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()?,
            ),
            Write::Check(key) => builder.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .condition_expression(condition.unwrap_or_default())
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()?,
            ),
        }
        .build())
    }
}
