//! What the tests of this crate share: real chance, a fixed time, opened keys.

use aws_lc_rs::rand::fill;
use domain::{Dice, ProjectId, Timestamp};
use uuid::Uuid;

use crate::{Claims, KeyError, KeyRing, MasterKey, SystemKeys, Use};

pub(crate) const BASE: &str = "https://api.example.com/";
pub(crate) const NOON: i64 = 1_795_262_400;

pub(crate) fn dice() -> Dice {
    Dice::new(|buffer| assert!(fill(buffer).is_ok()))
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

pub(crate) fn super_project() -> ProjectId {
    ProjectId::new(Uuid::from_u128(1))
}

pub(crate) fn stored(master: &MasterKey) -> Result<SystemKeys, KeyError> {
    SystemKeys::create(master, &dice(), at(NOON - 60), super_project())
}

pub(crate) fn ring() -> Result<KeyRing, KeyError> {
    let master = MasterKey::generate(&dice());
    KeyRing::open(&stored(&master)?, &master)
}

/// An access token's claims: issued at [`NOON`], good for an hour.
pub(crate) fn claims() -> Claims {
    let dice = dice();
    Claims {
        login_id: domain::LoginId::new(dice.id()),
        sub: dice.id().to_string(),
        username: "alice".to_owned(),
        scope: "openid offline".to_owned(),
        profile: format!("Practitioner/{}", dice.id()),
        client_id: None,
        iss: BASE.to_owned(),
        iat: NOON,
        exp: NOON + 3600,
        nbf: None,
        aud: BASE.to_owned(),
        project: ProjectId::new(dice.id()),
        membership: domain::MembershipId::new(dice.id()),
        policies: Vec::new(),
        used_for: Use::Access,
        nonce: None,
        fhir_user: None,
        auth_time: None,
        email: None,
        refresh_secret: None,
    }
}
