//! Tokens that are not ours, or not for this: every one is refused at every place that takes a token, in the same words.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use harness::world::{Request, World};
use serde_json::{Value, json};

use crate::samples::FORM;
use crate::sign_in::{VERIFIER, ask_tokens, encoded, person, sign_in, wish};
use crate::world::{with, world};

/// A token in its parts.
struct Parts {
    header: Value,
    claims: Value,
    signature: String,
}

impl Parts {
    fn of(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let json = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice(&bytes).unwrap()
        };
        Self {
            header: json(parts[0]),
            claims: json(parts[1]),
            signature: parts[2].to_owned(),
        }
    }

    /// The part that is signed, with other fields in header and claims.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        let encoded = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let header = with(self.header.clone(), header.clone());
        let claims = with(self.claims.clone(), claims.clone());
        format!("{}.{}", encoded(header), encoded(claims))
    }

    /// The same under the signature of the genuine token.
    fn kept(&self, header: &Value, claims: &Value) -> String {
        format!("{}.{}", self.signed(header, claims), self.signature)
    }
}

/// The published key, in every form in which it could be mistaken for a secret.
async fn public_key(world: &World) -> Vec<Vec<u8>> {
    let keys = world.anonymous().get("/.well-known/jwks.json").await;
    let key = &keys.must(200).body["keys"][0];
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let point = [vec![4], part("x"), part("y")].concat();
    // SubjectPublicKeyInfo of a P-256 key (RFC 5480).
    let prefix = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
    let prefix: Vec<u8> = (0..prefix.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&prefix[at..at + 2], 16).unwrap())
        .collect();
    let der = [prefix, point.clone()].concat();
    let body = STANDARD.encode(&der);
    let (first, second) = body.split_at(64);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n");
    vec![
        point,
        der,
        pem.trim_end().as_bytes().to_vec(),
        pem.into_bytes(),
        key.to_string().into_bytes(),
        key["x"].as_str().unwrap().as_bytes().to_vec(),
        Vec::new(),
    ]
}

/// Forged tokens, by what is wrong with them.
async fn forged(world: &World, genuine: &Parts) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let same = json!({});
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = genuine.signed(&json!({ "alg": alg }), &same);
        all.insert(format!("alg {alg:?}, nothing"), format!("{unsigned}."));
        let kept = genuine.kept(&json!({ "alg": alg }), &same);
        all.insert(format!("alg {alg:?}, kept"), kept);
    }
    for (at, key) in public_key(world).await.iter().enumerate() {
        let signed = genuine.signed(&json!({ "alg": "HS256" }), &same);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        all.insert(format!("HS256 with the public key, form {at}"), token);
    }
    let foreign = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (x, y) = foreign.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) });
    let headers = [
        json!({}),
        json!({ "kid": null }),
        json!({ "kid": "../../../../dev/null" }),
        json!({ "kid": "' OR '1'='1" }),
        json!({ "kid": "https://evil.test/keys" }),
        json!({ "kid": ["x"] }),
        json!({ "kid": "00000000-0000-4000-8000-000000000001" }),
        json!({ "jwk": jwk }),
        json!({ "jku": "https://evil.test/keys" }),
        json!({ "x5u": "https://evil.test/certificate" }),
        json!({ "crit": ["exp"] }),
    ];
    for header in headers {
        let signed = genuine.signed(&header, &same);
        let signature = foreign
            .sign(&SystemRandom::new(), signed.as_bytes())
            .unwrap();
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        all.insert(format!("a foreign key, {header}"), token);
    }
    for claims in [
        json!({ "exp": 99_999_999_999_i64 }),
        json!({ "exp": "99999999999" }),
        json!({ "aud": "https://evil.test/" }),
        json!({ "iss": "https://evil.test/" }),
        json!({ "sub": "00000000-0000-4000-8000-000000000001" }),
        json!({ "use": "everything" }),
        json!({ "membership": "00000000-0000-4000-8000-000000000001" }),
    ] {
        let token = genuine.kept(&same, &claims);
        all.insert(format!("other claims, {claims}"), token);
    }
    for alg in ["ES384", "ES512", "RS256", "PS256", "EdDSA"] {
        let token = genuine.kept(&json!({ "alg": alg }), &same);
        all.insert(format!("alg {alg}"), token);
    }
    let whole = genuine.kept(&same, &same);
    let (unsigned, _) = whole.rsplit_once('.').unwrap();
    all.insert("no signature".to_owned(), unsigned.to_owned());
    all.insert("an empty signature".to_owned(), format!("{unsigned}."));
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    all.insert(
        "a signature of zeros".to_owned(),
        format!("{unsigned}.{zeros}"),
    );
    all.insert("four parts".to_owned(), format!("{whole}.x"));
    all
}

/// Whether it is refused wherever a token is taken.
async fn must_be_refused(world: &World, token: &str, what: &str) {
    let bearer = world.anonymous().bearer(token);
    for path in ["/auth/me", "/oauth2/userinfo", "/fhir/R4/Patient"] {
        let answer = bearer.get(path).await;
        assert_eq!(answer.status, 401, "{what} at {path}: {}", answer.text);
        assert_eq!(answer.issue_text(), "Unauthorized", "{what} at {path}");
    }
    let form = encoded(&[("token", token)]);
    let request = Request::new("POST", "/oauth2/introspect").body(FORM, form);
    let answer = world.anonymous().send(request).await;
    assert_eq!(answer.body, json!({ "active": false }), "{what}");
    let forms: [(&str, &str, &str); 2] = [
        ("refresh_token", "refresh_token", "Invalid refresh token"),
        ("authorization_code", "code", "Invalid code"),
    ];
    for (grant, field, text) in forms {
        let form = [
            ("grant_type", grant),
            (field, token),
            ("code_verifier", VERIFIER),
        ];
        let answer = ask_tokens(world, &form).await;
        let wanted = json!({ "error": "invalid_request", "error_description": text });
        assert_eq!((answer.status, &answer.body), (400, &wanted), "{what}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_refused_everywhere() {
    let world = world().await;
    let project = world.project("Attacks").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let tokens = crate::sign_in::tokens(world, &email).await;
    for kind in ["access_token", "id_token", "refresh_token"] {
        let genuine = Parts::of(tokens[kind].as_str().unwrap());
        for (what, token) in forged(world, &genuine).await {
            must_be_refused(world, &token, &format!("{kind}: {what}")).await;
        }
    }
    // All this has ended nobody's session.
    let token = tokens["access_token"].as_str().unwrap();
    world
        .anonymous()
        .bearer(token)
        .get("/auth/me")
        .await
        .must(200);
}

#[tokio::test]
async fn no_kind_of_token_passes_for_another() {
    let world = world().await;
    let project = world.project("Kinds").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let tokens = crate::sign_in::tokens(world, &email).await;
    let app = project.application("App").await;
    let through = with(wish(&email), json!({ "clientId": app.id() }));
    let answer = sign_in(world, &through).await.must(200);
    let code = answer.body["code"].as_str().unwrap();
    let cookie = answer.header("set-cookie");
    let cookie = cookie.split(['=', ';']).nth(1).unwrap();
    let text = |kind: &str| tokens[kind].as_str().unwrap().to_owned();
    let (access, id, refresh) = (
        text("access_token"),
        text("id_token"),
        text("refresh_token"),
    );
    for (what, token) in [
        ("id", &*id),
        ("refresh", &*refresh),
        ("code", code),
        ("cookie", cookie),
    ] {
        for path in ["/auth/me", "/oauth2/userinfo"] {
            let answer = world.anonymous().bearer(token).get(path).await;
            assert_eq!(answer.status, 401, "{what} as an access token at {path}");
        }
    }
    for (what, token) in [
        ("access", &*access),
        ("id", &*id),
        ("code", code),
        ("cookie", cookie),
    ] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let answer = ask_tokens(world, &form).await.must(400);
        assert_eq!(
            answer.body["error_description"], "Invalid refresh token",
            "{what}"
        );
    }
    for (what, token) in [
        ("access", &*access),
        ("id", &*id),
        ("refresh", &*refresh),
        ("cookie", cookie),
    ] {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", token),
            ("code_verifier", VERIFIER),
        ];
        let answer = ask_tokens(world, &form).await.must(400);
        assert_eq!(answer.body["error_description"], "Invalid code", "{what}");
    }
}
