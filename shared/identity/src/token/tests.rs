#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use domain::{ClientId, Secret};
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::MasterKey;
use crate::sample::{BASE, NOON, at, claims, dice, ring, stored};

const USES: [Use; 5] = [Use::Access, Use::Refresh, Use::Id, Use::Code, Use::Session];

fn verify(ring: &KeyRing, token: &str) -> Result<Claims, Refused> {
    ring.verify(token, Use::Access, BASE, at(NOON))
}

/// A token with a header and claims of the attacker's choice, signed with the ring's own key.
fn signed(ring: &KeyRing, header: &Value, claims: &Value) -> String {
    let key = &ring.signers[0].encoding;
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, ALGORITHM).unwrap();
    format!("{message}.{signature}")
}

fn part(value: &Value) -> String {
    BASE64_URL.encode(value.to_string())
}

fn header_of(ring: &KeyRing) -> Value {
    json!({ "typ": "JWT", "alg": "ES256", "kid": ring.signers[0].kid })
}

/// The verdict about our own sample claims after `change`, signed with our own key.
fn verdict(ring: &KeyRing, change: impl FnOnce(&mut Value)) -> Result<(), Refused> {
    let mut body = serde_json::to_value(claims()).unwrap();
    change(&mut body);
    verify(ring, &signed(ring, &header_of(ring), &body)).map(|_| ())
}

#[test]
fn a_token_says_what_was_issued_under_a_plain_header() {
    let ring = ring().unwrap();
    let token = ring.issue(&claims()).unwrap();
    let header = BASE64_URL.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header, header_of(&ring));

    let said = claims();
    let token = ring.issue(&said).unwrap();
    assert!(verify(&ring, &token) == Ok(said));
}

#[test]
fn claims_have_the_names_of_the_wire_and_leave_out_what_is_not_there() {
    let body = serde_json::to_value(claims()).unwrap();
    let names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    let expected = "login_id sub username scope profile iss iat exp aud project membership use";
    assert_eq!(names.join(" "), expected);
    assert_eq!(body["use"], "access");
    assert_eq!(body["exp"], json!(NOON + 3600));
}

#[test]
fn a_token_ends_exactly_at_exp() {
    let ring = ring().unwrap();
    let token = ring.issue(&claims()).unwrap();
    let end = at(NOON + 3600).as_millis();
    let verdict = |millis| {
        ring.verify(&token, Use::Access, BASE, Timestamp::from_millis(millis))
            .map(|_| ())
    };
    assert_eq!(verdict(end - 1), Ok(()));
    assert_eq!(verdict(end), Err(Refused::Expired));
}

#[test]
fn another_clock_may_run_30_seconds_ahead_and_no_more() {
    let ring = ring().unwrap();
    for claim in ["iat", "nbf"] {
        for (ahead, expected) in [
            (-31, Ok(())),
            (29, Ok(())),
            (30, Ok(())),
            (31, Err(Refused::NotYet)),
            (i64::MAX - NOON, Err(Refused::NotYet)),
        ] {
            let verdict = verdict(&ring, |body| body[claim] = json!(NOON + ahead));
            assert_eq!(verdict, expected, "{claim} {ahead}");
        }
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let ring = ring().unwrap();
    let token = ring.issue(&claims()).unwrap();
    let (message, _) = token.rsplit_once('.').unwrap();
    assert_eq!(
        verify(&ring, &format!("{message}.")),
        Err(Refused::Signature)
    );

    let body = part(&serde_json::to_value(claims()).unwrap());
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = part(&json!({ "typ": "JWT", "alg": alg, "kid": ring.signers[0].kid }));
        let token = format!("{header}.{body}.");
        assert_eq!(verify(&ring, &token), Err(Refused::Malformed), "{alg}");
    }
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let ring = ring().unwrap();
    let jwk = ring.signers[0].jwk();
    let point = ring.signers[0].decoding.try_get_as_bytes().unwrap();
    for secret in [
        point,
        jwk["x"].as_str().unwrap().as_bytes(),
        jwk.to_string().as_bytes(),
        b"",
    ] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = Header::new(algorithm);
            header.kid = Some(ring.signers[0].kid.clone());
            let token = encode(&header, &claims(), &EncodingKey::from_secret(secret)).unwrap();
            assert_eq!(verify(&ring, &token), Err(Refused::Algorithm));
        }
    }
}

#[test]
fn a_header_that_names_another_algorithm_is_refused_even_over_a_right_signature() {
    let ring = ring().unwrap();
    let body = serde_json::to_value(claims()).unwrap();
    for alg in ["HS256", "ES384", "RS256", "PS256", "EdDSA"] {
        let mut header = header_of(&ring);
        header["alg"] = json!(alg);
        let token = signed(&ring, &header, &body);
        assert_eq!(verify(&ring, &token), Err(Refused::Algorithm), "{alg}");
    }
}

#[test]
fn a_foreign_key_is_refused_under_its_own_and_under_our_kid() {
    let (ours, theirs) = (ring().unwrap(), ring().unwrap());
    let body = serde_json::to_value(claims()).unwrap();
    let own_kid = signed(&theirs, &header_of(&theirs), &body);
    let our_kid = signed(&theirs, &header_of(&ours), &body);
    assert_eq!(verify(&ours, &own_kid), Err(Refused::UnknownKey));
    assert_eq!(verify(&ours, &our_kid), Err(Refused::Signature));
}

#[test]
fn a_kid_is_compared_and_never_followed() {
    let ring = ring().unwrap();
    let body = serde_json::to_value(claims()).unwrap();
    let kid = &ring.signers[0].kid;
    for wrong in [
        Value::Null,
        json!(""),
        json!("../../dev/null"),
        json!("' OR 1=1 --"),
        json!("https://evil.example/jwks.json"),
        json!(kid.to_uppercase() + "F"),
        json!(format!("{kid}\0")),
        json!(format!("{{{kid}}}")),
    ] {
        let token = signed(&ring, &json!({ "alg": "ES256", "kid": wrong }), &body);
        assert_eq!(verify(&ring, &token), Err(Refused::UnknownKey), "{wrong}");
    }
    let token = signed(&ring, &json!({ "alg": "ES256" }), &body);
    assert_eq!(verify(&ring, &token), Err(Refused::UnknownKey));
    let token = signed(&ring, &json!({ "alg": "ES256", "kid": 7 }), &body);
    assert_eq!(verify(&ring, &token), Err(Refused::Malformed));
}

#[test]
fn keys_that_a_header_brings_along_mean_nothing() {
    let (ours, theirs) = (ring().unwrap(), ring().unwrap());
    let body = serde_json::to_value(claims()).unwrap();
    let brought = |ring: &KeyRing| {
        let mut header = header_of(ring);
        header["jwk"] = theirs.signers[0].jwk();
        header["jku"] = json!("https://evil.example/jwks.json");
        header["x5u"] = json!("https://evil.example/cert.pem");
        header
    };
    let forged = signed(&theirs, &brought(&ours), &body);
    assert_eq!(verify(&ours, &forged), Err(Refused::Signature));
    let forged = signed(&theirs, &brought(&theirs), &body);
    assert_eq!(verify(&ours, &forged), Err(Refused::UnknownKey));
    assert!(verify(&ours, &signed(&ours, &brought(&ours), &body)).is_ok());
}

#[test]
fn a_header_that_demands_an_extension_is_refused() {
    let ring = ring().unwrap();
    let mut header = header_of(&ring);
    header["crit"] = json!(["b64"]);
    let token = signed(&ring, &header, &serde_json::to_value(claims()).unwrap());
    assert_eq!(verify(&ring, &token), Err(Refused::Malformed));
}

#[test]
fn every_required_claim_must_be_there() {
    let ring = ring().unwrap();
    let whole = serde_json::to_value(claims()).unwrap();
    for name in whole.as_object().unwrap().keys() {
        let verdict = verdict(&ring, |body| {
            body.as_object_mut().unwrap().shift_remove(name);
        });
        assert_eq!(verdict, Err(Refused::Claims), "{name}");
    }
}

#[test]
fn every_claim_must_have_its_type() {
    let ring = ring().unwrap();
    let wrong_texts = [json!(7), Value::Null, json!(["a"]), json!({}), json!(true)];
    for name in [
        "iss",
        "aud",
        "sub",
        "login_id",
        "project",
        "membership",
        "use",
    ] {
        for wrong in &wrong_texts {
            let verdict = verdict(&ring, |body| body[name] = wrong.clone());
            assert_eq!(verdict, Err(Refused::Claims), "{name}: {wrong}");
        }
    }
    let far = (NOON + 3600).to_string();
    for name in ["exp", "iat"] {
        for wrong in [
            json!(far),
            Value::Null,
            json!(1.5),
            json!([NOON]),
            json!(true),
        ] {
            let verdict = verdict(&ring, |body| body[name] = wrong.clone());
            assert_eq!(verdict, Err(Refused::Claims), "{name}: {wrong}");
        }
    }
    let verdict = verdict(&ring, |body| body["nbf"] = json!("0"));
    assert_eq!(verdict, Err(Refused::Claims));
}

#[test]
fn another_issuer_or_audience_is_refused() {
    let ring = ring().unwrap();
    for other in ["", "https://api.example.com", "https://evil.example/"] {
        let issuer = verdict(&ring, |body| body["iss"] = json!(other));
        assert_eq!(issuer, Err(Refused::Issuer), "{other}");
        let audience = verdict(&ring, |body| body["aud"] = json!(other));
        assert_eq!(audience, Err(Refused::Audience), "{other}");
    }
}

#[test]
fn no_token_passes_for_another_kind() {
    let ring = ring().unwrap();
    for issued in USES {
        let mut said = claims();
        said.used_for = issued;
        let token = ring.issue(&said).unwrap();
        for expected in USES {
            let verdict = ring.verify(&token, expected, BASE, at(NOON)).map(|_| ());
            let right = if issued == expected {
                Ok(())
            } else {
                Err(Refused::Use)
            };
            assert_eq!(verdict, right, "{issued:?} as {expected:?}");
        }
    }
    let invented = verdict(&ring, |body| body["use"] = json!("admin"));
    assert_eq!(invented, Err(Refused::Claims));
}

#[test]
fn an_id_token_may_be_meant_for_a_client() {
    let ring = ring().unwrap();
    let mut said = claims();
    said.used_for = Use::Id;
    said.aud = Uuid::from_u128(9).to_string();
    let token = ring.issue(&said).unwrap();
    assert!(ring.verify(&token, Use::Id, BASE, at(NOON)).is_ok());
}

#[test]
fn what_is_no_token_is_malformed() {
    let ring = ring().unwrap();
    let token = ring.issue(&claims()).unwrap();
    let five = format!("{token}.a.b");
    let spaced = format!(" {token}");
    let long = "a".repeat(100_000);
    for text in ["", ".", "..", "a.b.c", "Bearer x", &five, &spaced, &long] {
        assert_eq!(verify(&ring, text), Err(Refused::Malformed));
    }
}

#[test]
fn a_new_key_is_trusted_before_it_signs_and_an_old_one_until_it_is_retired() {
    let master = MasterKey::generate(&dice());
    let mut keys = stored(&master).unwrap();
    let old = keys.signing_keys[0].kid;
    let new = keys
        .add_signing_key(&master, &dice(), at(NOON + 100))
        .unwrap();
    keys.retire_signing_key(old, at(NOON + 1000));
    let ring = KeyRing::open(&keys, &master).unwrap();

    let issue = |second| {
        let mut said = claims();
        said.iat = second;
        let token = ring.issue(&said).unwrap();
        let kid = decode_header(&token).unwrap().kid.unwrap();
        (token, kid)
    };
    let (before, kid) = issue(NOON + 99);
    assert_eq!(kid, old.to_string());
    let (after, kid) = issue(NOON + 100);
    assert_eq!(kid, new.to_string());

    let verdict = |token: &str, second| {
        ring.verify(token, Use::Access, BASE, at(second))
            .map(|_| ())
    };
    assert_eq!(verdict(&before, NOON + 999), Ok(()));
    assert_eq!(verdict(&before, NOON + 1000), Err(Refused::UnknownKey));
    assert_eq!(verdict(&after, NOON + 100), Ok(()));

    let published = |second| ring.jwks(at(second))["keys"].as_array().unwrap().len();
    assert_eq!((published(NOON), published(NOON + 1000)), (2, 1));
}

#[test]
fn a_clock_behind_the_first_key_still_signs_and_a_retired_key_never_does() {
    let master = MasterKey::generate(&dice());
    let mut keys = stored(&master).unwrap();
    let mut said = claims();
    said.iat = NOON - 90;
    let ring = KeyRing::open(&keys, &master).unwrap();
    assert!(ring.issue(&said).is_ok());

    keys.retire_signing_key(keys.signing_keys[0].kid, at(NOON));
    let ring = KeyRing::open(&keys, &master).unwrap();
    assert_eq!(ring.issue(&claims()), Err(KeyError::NoSigningKey));
}

#[test]
fn claims_are_not_printed() {
    let mut said = claims();
    said.email = Some("alice@example.com".to_owned());
    said.refresh_secret = Some(Secret::new("hush"));
    let printed = format!("{said:?}");
    assert!(
        !printed.contains("alice") && !printed.contains("hush"),
        "{printed}"
    );
}

prop_compose! {
    fn any_claims()(
        texts in prop::array::uniform5(".{0,40}"),
        (iat, exp) in (0..=NOON, NOON + 1..i64::MAX),
        (login, project, membership, client) in any::<(u128, u128, u128, Option<u128>)>(),
        (nonce, email, auth_time) in any::<(Option<String>, Option<String>, Option<i64>)>(),
        policies in prop::collection::vec(".{0,40}", 0..3),
        used_for in prop::sample::select(&USES[..]),
    ) -> Claims {
        let [sub, username, scope, profile, secret] = texts;
        Claims {
            login_id: domain::LoginId::new(Uuid::from_u128(login)),
            client_id: client.map(|id| ClientId::new(Uuid::from_u128(id))),
            project: domain::ProjectId::new(Uuid::from_u128(project)),
            membership: domain::MembershipId::new(Uuid::from_u128(membership)),
            fhir_user: nonce.clone(),
            refresh_secret: Some(Secret::new(secret)),
            sub, username, scope, profile, iat, exp, policies, used_for, nonce, email, auth_time,
            ..claims()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_claims_come_back_as_they_were(said in any_claims()) {
        let ring = ring().unwrap();
        let token = ring.issue(&said).unwrap();
        let heard = ring.verify(&token, said.used_for, BASE, at(NOON));
        prop_assert!(heard == Ok(said));
    }

    #[test]
    fn a_token_with_one_character_changed_is_refused(
        place in any::<prop::sample::Index>(),
        by in "[A-Za-z0-9_.-]",
    ) {
        let ring = ring().unwrap();
        let token = ring.issue(&claims()).unwrap();
        let place = place.index(token.len());
        let mut altered = token.clone();
        altered.replace_range(place..=place, &by);
        prop_assume!(altered != token);
        prop_assert!(verify(&ring, &altered).is_err());
    }

    #[test]
    fn no_text_makes_the_verifier_fail(text in ".{0,200}") {
        prop_assert!(verify(&ring().unwrap(), &text).is_err());
    }
}
