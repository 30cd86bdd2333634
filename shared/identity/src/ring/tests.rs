#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use proptest::prelude::*;

use super::*;
use crate::sample::{NOON, at, dice, ring, stored, super_project};

fn opened(document: Value, master: &MasterKey) -> Result<KeyRing, KeyError> {
    KeyRing::open(&serde_json::from_value(document).unwrap(), master)
}

/// A stored document after `change`, and its master key.
fn altered(change: impl FnOnce(&mut Value)) -> Result<KeyRing, KeyError> {
    let master = MasterKey::generate(&dice());
    let mut document = serde_json::to_value(stored(&master).unwrap()).unwrap();
    change(&mut document);
    opened(document, &master)
}

#[test]
fn stored_keys_open_again_and_mean_the_same() {
    let master = MasterKey::generate(&dice());
    let keys = stored(&master).unwrap();
    let first = KeyRing::open(&keys, &master).unwrap();
    let again = opened(serde_json::to_value(&keys).unwrap(), &master).unwrap();
    assert_eq!(first.blind("p", "x"), again.blind("p", "x"));
    assert_eq!(first.jwks(at(NOON)), again.jwks(at(NOON)));
    assert_eq!(again.super_project(), super_project());
}

#[test]
fn the_stored_document_shows_public_parts_and_nothing_private() {
    let master = MasterKey::generate(&dice());
    let keys = stored(&master).unwrap();
    let document = serde_json::to_value(&keys).unwrap();
    let key = &document["signingKeys"][0];
    assert_eq!(key["alg"], "ES256");
    assert_eq!(key["since"], "2026-11-21T11:59:00.000Z");
    assert_eq!(document["superProject"], super_project().to_string());

    let private = master
        .open(
            &keys.signing_place(keys.signing_keys[0].kid),
            &keys.signing_keys[0].private,
        )
        .unwrap();
    assert!(!document.to_string().contains(&BASE64_URL.encode(private)));
}

#[test]
fn keys_do_not_open_with_another_master_key() {
    let document = serde_json::to_value(stored(&MasterKey::generate(&dice())).unwrap()).unwrap();
    let other = MasterKey::generate(&dice());
    assert_eq!(opened(document, &other).err(), Some(KeyError::DoesNotOpen));
}

#[test]
fn keys_cannot_be_exchanged_for_one_another() {
    let exchanged = altered(|keys| keys["hashKey"] = keys["cursorKey"].clone());
    assert_eq!(exchanged.err(), Some(KeyError::DoesNotOpen));
    let exchanged = altered(|keys| keys["dataKey"] = keys["signingKeys"][0]["private"].clone());
    assert_eq!(exchanged.err(), Some(KeyError::DoesNotOpen));
    let renamed = altered(|keys| {
        keys["signingKeys"][0]["kid"] = json!("36fadfc3-7541-4ac9-842b-9b5ecf50fd4a");
    });
    assert_eq!(renamed.err(), Some(KeyError::DoesNotOpen));
    let promoted =
        altered(|keys| keys["superProject"] = json!("36fadfc3-7541-4ac9-842b-9b5ecf50fd4a"));
    assert_eq!(promoted.err(), Some(KeyError::DoesNotOpen));
}

#[test]
fn a_public_key_put_in_the_place_of_ours_is_noticed() {
    let foreign = ring().unwrap().signers[0].jwk();
    let swapped = altered(|keys| {
        keys["signingKeys"][0]["x"] = foreign["x"].clone();
        keys["signingKeys"][0]["y"] = foreign["y"].clone();
    });
    assert_eq!(swapped.err(), Some(KeyError::NotOfItsKind));
    let none = altered(|keys| keys["signingKeys"] = json!([]));
    assert_eq!(none.err(), Some(KeyError::NoSigningKey));
}

#[test]
fn the_key_set_has_the_recorded_shape() {
    let set = ring().unwrap().jwks(at(NOON));
    let key = set["keys"][0].as_object().unwrap();
    let names: Vec<_> = key.keys().map(String::as_str).collect();
    assert_eq!(names, ["kid", "alg", "kty", "use", "x", "y", "crv"]);
    assert_eq!(key["kid"].as_str().unwrap().len(), 36);
    for (name, value) in [
        ("alg", "ES256"),
        ("kty", "EC"),
        ("use", "sig"),
        ("crv", "P-256"),
    ] {
        assert_eq!(key[name], value);
    }
    for coordinate in ["x", "y"] {
        assert_eq!(key[coordinate].as_str().unwrap().len(), 43);
    }
}

#[test]
fn a_blind_has_22_characters_and_depends_on_key_purpose_and_text() {
    let ours = ring().unwrap();
    let blind = ours.blind("email/server", "alice@example.com");
    assert_eq!(blind.as_str().len(), 22);
    assert_eq!(blind, ours.blind("email/server", "alice@example.com"));
    assert_ne!(blind, ours.blind("email/server", "homer@example.com"));
    assert_ne!(blind, ours.blind("email/project", "alice@example.com"));
    assert_ne!(ours.blind("a", "bc"), ours.blind("ab", "c"));
    let theirs = ring().unwrap();
    assert_ne!(blind, theirs.blind("email/server", "alice@example.com"));
}

#[test]
fn one_secret_is_sealed_differently_every_time_and_cursors_are_too() {
    let (ring, dice) = (ring().unwrap(), dice());
    let secret = Secret::new("hush");
    assert_ne!(
        ring.seal("p", &secret, &dice),
        ring.seal("p", &secret, &dice)
    );
    assert_ne!(
        ring.seal_cursor("p", "7", &dice),
        ring.seal_cursor("p", "7", &dice)
    );
}

#[test]
fn what_a_data_key_seals_opens_with_this_key_in_this_place_only() {
    let (ring, dice) = (ring().unwrap(), dice());
    let (key, stored) = ring.new_data_key("one", &dice).unwrap();
    let (other, _) = ring.new_data_key("other", &dice).unwrap();
    let sealed = key.seal("one/secret/a", &Secret::new("x"), &dice);
    let again = ring.open_data_key("one", &stored).unwrap();
    assert_eq!(again.unseal("one/secret/a", &sealed), Ok(Secret::new("x")));
    let closed = Err(KeyError::DoesNotOpen);
    assert_eq!(again.unseal("one/secret/b", &sealed), closed);
    assert_eq!(other.unseal("one/secret/a", &sealed), closed);
    assert_eq!(ring.unseal("one/secret/a", &sealed), closed);
    assert!(ring.open_data_key("other", &stored).is_err());
}

#[test]
fn a_cursor_is_no_sealed_value_and_the_reverse() {
    let (ring, dice) = (ring().unwrap(), dice());
    let cursor = ring.seal_cursor("p", "7", &dice);
    assert!(ring.unseal("p", &Sealed(cursor)).is_err());
    let sealed = ring.seal("p", &Secret::new("7"), &dice);
    assert_eq!(ring.open_cursor("p", &sealed.0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_sealed_value_opens_in_its_place_only(
        text in ".{0,80}",
        (place, other) in (".{0,40}", ".{0,40}"),
    ) {
        let ring = ring().unwrap();
        let sealed = ring.seal(&place, &Secret::new(text.clone()), &dice());
        prop_assert_eq!(ring.unseal(&place, &sealed), Ok(Secret::new(text)));
        prop_assume!(place != other);
        prop_assert_eq!(ring.unseal(&other, &sealed), Err(KeyError::DoesNotOpen));
    }

    #[test]
    fn a_sealed_value_with_one_character_changed_does_not_open(
        text in ".{0,80}",
        place in any::<prop::sample::Index>(),
        by in "[A-Za-z0-9_-]",
    ) {
        let ring = ring().unwrap();
        let sealed = ring.seal("p", &Secret::new(text), &dice());
        let place = place.index(sealed.0.len());
        let mut altered = sealed.clone();
        altered.0.replace_range(place..=place, &by);
        prop_assume!(altered != sealed);
        prop_assert_eq!(ring.unseal("p", &altered), Err(KeyError::DoesNotOpen));
    }

    #[test]
    fn a_cursor_opens_unaltered_in_its_context_only(
        position in ".{0,80}",
        place in any::<prop::sample::Index>(),
        by in "[A-Za-z0-9_-]",
    ) {
        let ring = ring().unwrap();
        let cursor = ring.seal_cursor("P#1 ?_count=10", &position, &dice());
        prop_assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        prop_assert_eq!(ring.open_cursor("P#1 ?_count=10", &cursor), Some(position));
        prop_assert_eq!(ring.open_cursor("P#2 ?_count=10", &cursor), None);

        let place = place.index(cursor.len());
        let mut altered = cursor.clone();
        altered.replace_range(place..=place, &by);
        prop_assume!(altered != cursor);
        prop_assert_eq!(ring.open_cursor("P#1 ?_count=10", &altered), None);
    }

    #[test]
    fn no_text_opens_as_a_cursor_or_a_value(text in ".{0,200}") {
        let ring = ring().unwrap();
        prop_assert_eq!(ring.open_cursor("p", &text), None);
        prop_assert!(ring.unseal("p", &Sealed(text)).is_err());
    }
}
