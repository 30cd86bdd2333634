//! A project's secrets and sites, sealed under a key of the project's own. Which row a value is sealed for belongs to the seal: moved to another
//! project or name, it does not open.

use domain::{Failure, Project, Secret};
use identity::{DataKey, Sealed};
use serde_json::{Value, json};
use store::{SealedSetting, Step, Tenant};

use super::field;
use crate::Means;

/// The key to a project's settings, in memory.
pub(crate) struct Vault<'a> {
    means: Means<'a>,
    project: &'a Project,
    key: Option<DataKey>,
    /// The key as it is to be stored, if it is new.
    new: Option<String>,
}

impl<'a> Vault<'a> {
    /// With the key that is stored, if there is one.
    pub(crate) fn open(
        means: Means<'a>,
        project: &'a Project,
        stored: Option<&str>,
    ) -> Result<Self, Failure> {
        let open = |text: &str| -> Result<DataKey, Failure> {
            let place = key_place(project);
            Ok(means.keys.open_data_key(&place, &sealed(text)?)?)
        };
        Ok(Self {
            means,
            project,
            key: stored.map(open).transpose()?,
            new: None,
        })
    }

    /// With a key in any case.
    pub(crate) fn or_new(mut self) -> Result<Self, Failure> {
        if self.key.is_none() {
            let place = key_place(self.project);
            let (key, stored) = self.means.keys.new_data_key(&place, &self.means.dice)?;
            self.key = Some(key);
            self.new = Some(text(&stored));
        }
        Ok(self)
    }

    /// What stores a new key.
    pub(crate) fn step(&self, tenant: Tenant<'_>) -> Option<Step> {
        self.new.as_ref().map(|new| tenant.put_data_key(new))
    }

    /// A value as it is stored.
    pub(super) fn seal(&self, open: SealedSetting, value: &Value) -> SealedSetting {
        let (place, secret) = (self.place(&open), Secret::new(value.to_string()));
        let sealed = self.key.as_ref();
        let sealed = sealed.map(|key| text(&key.seal(&place, &secret, &self.means.dice)));
        SealedSetting {
            sealed: sealed.unwrap_or_default(),
            ..open
        }
    }

    /// A value as it was given.
    pub(super) fn unseal(&self, setting: &SealedSetting) -> Result<Value, Failure> {
        let key = self.key.as_ref();
        let key = key.ok_or_else(|| Failure::corrupt("a project's setting", "its key is gone"))?;
        let open = key.unseal(&self.place(setting), &sealed(&setting.sealed)?)?;
        serde_json::from_str(open.reveal())
            .map_err(|cause| Failure::corrupt("a project's setting", cause))
    }

    fn place(&self, setting: &SealedSetting) -> String {
        let list = field(setting.kind);
        format!("{}/{list}/{}", self.project.id(), setting.name)
    }
}

fn key_place(project: &Project) -> String {
    format!("{}/key", project.id())
}

fn text(sealed: &Sealed) -> String {
    json!(sealed).as_str().unwrap_or_default().to_owned()
}

fn sealed(text: &str) -> Result<Sealed, Failure> {
    serde_json::from_value(text.into())
        .map_err(|cause| Failure::corrupt("a project's setting", cause))
}
