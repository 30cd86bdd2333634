//! What a function is told by its environment, read once when it starts; everything that is wrong is said together.

use std::time::Duration;

use domain::{BackOff, Email, Fault, Secret};
use gateway::Origins;
use operations::recaptcha::Recaptcha;
use operations::sign_in::external::Google;
use operations::{Accounts, Settings, SignIn, Texts};
use outside::Reach;

/// The configuration of a function.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table's name (`ROSTER_TABLE`).
    pub table: String,
    /// Issuer, product and the like (`ROSTER_BASE_URL`, `ROSTER_PRODUCT_NAME`, `ROSTER_SIGN_IN_…`).
    pub settings: Settings,
    /// The web app's URL, with a slash at its end (`ROSTER_APP_URL`).
    pub app_url: String,
    /// Whose pages may call (`ROSTER_ALLOWED_ORIGINS`; the web app's own unless said).
    pub origins: Origins,
    /// The sender of letters (`ROSTER_MAIL_FROM`); only functions that mail need it.
    pub mail_from: Option<Email>,
    /// Where the master key comes from.
    pub master: MasterSource,
    /// How often somebody may call.
    pub limits: Limits,
    /// Whom this server may ask: this machine, too, where `ROSTER_ASKS_THIS_MACHINE` is on.
    pub reach: Reach,
}

/// A variable of the environment, if it is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// How often somebody may call within a minute; nothing means as often as he likes, and is configured as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A caller, on each instance of each function (`ROSTER_RATE_LIMIT`; 6,000 unless said).
    pub per_caller: Option<u32>,
    /// An address, where people and applications sign in, on all instances together (`ROSTER_AUTH_RATE_LIMIT`; 160 unless said).
    pub per_address: Option<u32>,
}

/// Where the key comes from that opens the system's keys.
#[derive(Clone, Debug)]
pub enum MasterSource {
    /// A file that only this installation can read (`ROSTER_KEY_FILE`).
    File(String),
    /// A KMS key (`ROSTER_KMS_KEY_ID`) that decrypts the wrapped master key stored beside the system's keys.
    Kms(String),
}

/// What is wrong with the environment.
#[derive(Debug, thiserror::Error)]
#[error("the environment is incomplete: {0}")]
pub struct Misconfigured(String);

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`Misconfigured`] names every variable that is missing or unusable.
    pub fn from_env() -> Result<Self, Misconfigured> {
        Self::read(variable)
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Misconfigured> {
        let mut wrong = Vec::new();
        let mut needed = |name: &str| {
            variable(name).unwrap_or_else(|| {
                wrong.push(format!("{name} is missing"));
                String::new()
            })
        };
        let table = needed("ROSTER_TABLE");
        let base_url = slashed(needed("ROSTER_BASE_URL"));
        let app_url = slashed(needed("ROSTER_APP_URL"));
        let mail_from = variable("ROSTER_MAIL_FROM").map(|text| text.parse::<Email>());
        if let Some(Err(fault)) = &mail_from {
            wrong.push(format!("ROSTER_MAIL_FROM: {fault}"));
        }
        let master = match (variable("ROSTER_KMS_KEY_ID"), variable("ROSTER_KEY_FILE")) {
            (Some(key), _) => Some(MasterSource::Kms(key)),
            (None, Some(path)) => Some(MasterSource::File(path)),
            (None, None) => None,
        };
        if master.is_none() {
            wrong.push("ROSTER_KMS_KEY_ID or ROSTER_KEY_FILE is missing".to_owned());
        }
        let accounts = accounts(&variable, &mut wrong);
        let reach = match is_on(&variable, ("ROSTER_ASKS_THIS_MACHINE", false), &mut wrong) {
            true => Reach::AlsoThisMachine,
            false => Reach::Public,
        };
        let mut limit = |name: &str, unless: u32| {
            let Some(text) = variable(name) else {
                return Some(unless);
            };
            let number = text.parse::<u32>();
            if number.is_err() {
                wrong.push(format!("{name} is no number"));
            }
            number.ok().filter(|number| *number > 0)
        };
        let limits = Limits {
            per_caller: limit("ROSTER_RATE_LIMIT", 6_000),
            per_address: limit("ROSTER_AUTH_RATE_LIMIT", 160),
        };
        let sign_in = sign_in(&variable, &mut wrong);
        let longest_request = longest_request(&variable, &mut wrong);
        let deletion_grace = deletion_grace(&variable, &mut wrong);
        let origins = variable("ROSTER_ALLOWED_ORIGINS").unwrap_or_else(|| app_url.clone());
        match master {
            Some(master) if wrong.is_empty() => Ok(Self {
                table,
                settings: Settings {
                    base_url,
                    product: variable("ROSTER_PRODUCT_NAME")
                        .unwrap_or_else(|| "Medplum".to_owned()),
                    sign_in,
                    accounts,
                    google: google(&variable),
                    longest_request: Duration::from_secs(longest_request),
                    deletion_grace,
                },
                app_url,
                origins: Origins::parse(&origins),
                mail_from: mail_from.and_then(Result::ok),
                master,
                limits,
                reach,
            }),
            _ => Err(Misconfigured(wrong.join("; "))),
        }
    }
}

/// How many seconds a request that was let in may still write (`ROSTER_LONGEST_REQUEST`): as long as API Gateway waits, unless said.
fn longest_request(variable: &impl Fn(&str) -> Option<String>, wrong: &mut Vec<String>) -> u64 {
    let Some(text) = variable("ROSTER_LONGEST_REQUEST") else {
        return 30;
    };
    text.parse().unwrap_or_else(|_| {
        wrong.push("ROSTER_LONGEST_REQUEST is no number".to_owned());
        30
    })
}

/// For how many days a deleted project can come back (`ROSTER_DELETION_GRACE_DAYS`, 0 to 365): 30, unless said.
fn deletion_grace(variable: &impl Fn(&str) -> Option<String>, wrong: &mut Vec<String>) -> Duration {
    let text = variable("ROSTER_DELETION_GRACE_DAYS").unwrap_or_else(|| "30".to_owned());
    let days = text.parse::<u64>().ok().filter(|days| *days <= 365);
    if days.is_none() {
        wrong.push("ROSTER_DELETION_GRACE_DAYS is no number of days from 0 to 365".to_owned());
    }
    Duration::from_secs(days.unwrap_or(30) * 24 * 60 * 60)
}

/// What strangers are told (`ROSTER_SIGN_IN_TEXTS`: `uniform`, or `recorded`), and how many failures cost them nothing, on one account
/// (`ROSTER_SIGN_IN_FREE_FAILURES`) and from one network address (`ROSTER_SIGN_IN_FREE_FAILURES_PER_ADDRESS`).
fn sign_in(variable: &impl Fn(&str) -> Option<String>, wrong: &mut Vec<String>) -> SignIn {
    let mut number = |name: &str, default: u32| match variable(name).map(|text| text.parse()) {
        None => default,
        Some(Ok(number)) => number,
        Some(Err(_)) => {
            wrong.push(format!("{name} is no number"));
            default
        }
    };
    let back_off = BackOff {
        free: number("ROSTER_SIGN_IN_FREE_FAILURES", 5),
        free_for_address: number("ROSTER_SIGN_IN_FREE_FAILURES_PER_ADDRESS", 100),
    };
    let texts = match variable("ROSTER_SIGN_IN_TEXTS").as_deref() {
        None | Some("uniform") => Texts::Uniform,
        Some("recorded") => Texts::Recorded,
        Some(_) => {
            wrong.push("ROSTER_SIGN_IN_TEXTS is neither recorded nor uniform".to_owned());
            Texts::Uniform
        }
    };
    SignIn { texts, back_off }
}

impl From<Fault> for Misconfigured {
    fn from(fault: Fault) -> Self {
        Self(fault.text)
    }
}

/// What people may do about their accounts: careful unless said otherwise.
fn accounts(variable: impl Fn(&str) -> Option<String>, wrong: &mut Vec<String>) -> Accounts {
    let breach_list = is_on(&variable, ("ROSTER_BREACH_LIST", true), wrong);
    let registration = is_on(&variable, ("ROSTER_REGISTRATION", false), wrong);
    let projects_by_members = is_on(&variable, ("ROSTER_PROJECTS_BY_MEMBERS", true), wrong);
    let resets_an_hour = match variable("ROSTER_RESETS_AN_HOUR").map(|text| text.parse()) {
        None => 5,
        Some(Ok(resets)) => resets,
        Some(Err(_)) => {
            wrong.push("ROSTER_RESETS_AN_HOUR must be a number".to_owned());
            5
        }
    };
    Accounts {
        breach_list,
        registration,
        projects_by_members,
        recaptcha: recaptcha(&variable, wrong),
        resets_an_hour,
    }
}

/// Who tells people from programs (`ROSTER_RECAPTCHA_URL`; Google's service unless said), and the installation's own key and secret there
/// (`ROSTER_RECAPTCHA_SITE_KEY`, `ROSTER_RECAPTCHA_SECRET_KEY`).
fn recaptcha(variable: &impl Fn(&str) -> Option<String>, wrong: &mut Vec<String>) -> Recaptcha {
    let mut recaptcha = Recaptcha::default();
    if let Some(url) = variable("ROSTER_RECAPTCHA_URL") {
        recaptcha.url = url;
    }
    let site = variable("ROSTER_RECAPTCHA_SITE_KEY");
    match (site, variable("ROSTER_RECAPTCHA_SECRET_KEY")) {
        (Some(site), Some(secret)) => recaptcha.own = Some((site, Secret::new(secret))),
        (None, None) => {}
        _ => wrong.push(
            "ROSTER_RECAPTCHA_SITE_KEY and ROSTER_RECAPTCHA_SECRET_KEY go together".to_owned(),
        ),
    }
    recaptcha
}

/// The installation's own application at Google (`ROSTER_GOOGLE_CLIENT_ID`), and where Google's keys are (`ROSTER_GOOGLE_KEYS_URL`).
fn google(variable: &impl Fn(&str) -> Option<String>) -> Google {
    let unless_said = Google::default();
    Google {
        keys_url: variable("ROSTER_GOOGLE_KEYS_URL").unwrap_or(unless_said.keys_url),
        client: variable("ROSTER_GOOGLE_CLIENT_ID"),
    }
}

fn is_on(
    variable: &impl Fn(&str) -> Option<String>,
    (name, unless_said): (&str, bool),
    wrong: &mut Vec<String>,
) -> bool {
    match variable(name).as_deref() {
        None => unless_said,
        Some("on") => true,
        Some("off") => false,
        Some(_) => {
            wrong.push(format!("{name} must be on or off"));
            unless_said
        }
    }
}

fn slashed(url: String) -> String {
    if url.is_empty() || url.ends_with('/') {
        url
    } else {
        url + "/"
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let said = Config::read(|_| None).unwrap_err().to_string();
        for name in [
            "ROSTER_TABLE",
            "ROSTER_BASE_URL",
            "ROSTER_APP_URL",
            "ROSTER_KEY_FILE",
        ] {
            assert!(said.contains(name), "{said}");
        }
    }

    #[test]
    fn urls_end_with_a_slash_and_the_web_app_may_call() {
        let config = Config::read(|name| match name {
            "ROSTER_TABLE" => Some("roster".into()),
            "ROSTER_BASE_URL" => Some("http://127.0.0.1:9000".into()),
            "ROSTER_APP_URL" => Some("http://localhost:3000/".into()),
            "ROSTER_KEY_FILE" => Some("master.key".into()),
            _ => None,
        });
        let config = config.unwrap();
        assert_eq!(config.settings.base_url, "http://127.0.0.1:9000/");
        assert_eq!(config.settings.product, "Medplum");
    }

    #[test]
    fn limits_are_strict_unless_said_and_zero_is_none() {
        let with = |limit: Option<&str>| {
            let limit = limit.map(str::to_owned);
            Config::read(|name| match name {
                "ROSTER_RATE_LIMIT" => limit.clone(),
                "ROSTER_TABLE" | "ROSTER_BASE_URL" | "ROSTER_APP_URL" | "ROSTER_KEY_FILE" => {
                    Some("http://x/".to_owned())
                }
                _ => None,
            })
        };
        let limits = |limit| with(limit).unwrap().limits;
        assert_eq!(
            (limits(None).per_caller, limits(None).per_address),
            (Some(6_000), Some(160))
        );
        assert_eq!(limits(Some("7")).per_caller, Some(7));
        assert_eq!(limits(Some("0")).per_caller, None);
        assert!(
            with(Some("many"))
                .unwrap_err()
                .to_string()
                .contains("ROSTER_RATE_LIMIT")
        );
    }
}
