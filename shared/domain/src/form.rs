use std::str::FromStr;

use serde_json::{Map, Value};

use crate::{Email, Fault};

/// Reads the fields of a request body one by one and collects what is wrong with them, in the order of reading.
///
/// A `null` and an empty string count as absent: the web app sends empty strings for untouched inputs.
pub struct Form<'a> {
    body: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

impl<'a> Form<'a> {
    /// A reader over `body`.
    pub fn new(body: &'a Map<String, Value>) -> Self {
        Self {
            body,
            faults: Vec::new(),
        }
    }

    /// The raw value of a field, if it is there.
    pub fn value(&self, field: &str) -> Option<&'a Value> {
        self.body
            .get(field)
            .filter(|value| !value.is_null() && *value != "")
    }

    /// An optional text.
    pub fn text(&mut self, field: &str) -> Option<&'a str> {
        let value = self.value(field)?;
        self.typed(field, value, "string", value.as_str())
    }

    /// A text that must be there; `missing` is said when it is not.
    pub fn required(&mut self, field: &str, missing: &str) -> &'a str {
        match self.value(field) {
            Some(_) => self.text(field).unwrap_or_default(),
            None => {
                self.fault(Fault::invalid(field, missing));
                ""
            }
        }
    }

    /// An optional id of a resource; `wrong` is said of anything else.
    pub fn id<T: FromStr>(&mut self, field: &str, wrong: &str) -> Option<T> {
        let value = self.value(field)?;
        let id = value.as_str().and_then(|text| text.parse().ok());
        if id.is_none() {
            self.fault(Fault::invalid(field, wrong));
        }
        id
    }

    /// An id of a resource that must be there; `wrong` is said when it is not, or is none.
    pub fn required_id<T: FromStr>(&mut self, field: &str, wrong: &str) -> Option<T> {
        if self.value(field).is_none() {
            self.fault(Fault::invalid(field, wrong));
        }
        self.id(field, wrong)
    }

    /// The address of an account (contract: `newuser`, `resetpassword`): an e-mail address, and 3 to 72 characters. Both rules are
    /// told apart as recorded, in the same words.
    pub fn account_email(&mut self) -> Option<Email> {
        let words = "Valid email address between 3 and 72 characters is required";
        let text = self
            .value("email")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let email = text.parse::<Email>().ok();
        let fits = (3..=72).contains(&text.chars().count());
        for _ in [email.is_some(), fits].iter().filter(|holds| !**holds) {
            self.fault(Fault::invalid("email", words));
        }
        email.filter(|_| fits)
    }

    /// An optional yes or no.
    pub fn flag(&mut self, field: &str) -> Option<bool> {
        let value = self.value(field)?;
        self.typed(field, value, "boolean", value.as_bool())
    }

    /// An optional object.
    pub fn object(&mut self, field: &str) -> Option<&'a Map<String, Value>> {
        let value = self.value(field)?;
        self.typed(field, value, "object", value.as_object())
    }

    /// Notes a fault found by the caller.
    pub fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// `value`, if nothing was wrong.
    ///
    /// # Errors
    /// Every fault that was noted.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() {
            Ok(value)
        } else {
            Err(self.faults)
        }
    }

    fn typed<T>(
        &mut self,
        field: &str,
        value: &Value,
        expected: &str,
        found: Option<T>,
    ) -> Option<T> {
        if found.is_none() {
            let text = match value {
                Value::Array(_) => "Expected single value for property".to_owned(),
                other => format!(
                    "Invalid JSON type: expected {expected}, but got {}",
                    json_type(other)
                ),
            };
            self.fault(Fault::structure(field, text));
        }
        found
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
