//! The authorization endpoint's own words: where a person's browser is sent, and what it keeps.

use std::time::Duration;

use url::Url;

/// What only the server puts into the address of the page where people sign in. Sent along by somebody else, it would have a person
/// agree to what that somebody has begun.
const OURS: [&str; 2] = ["login", "code"];

/// The address of an application, with an answer for it. `None` for what is no address.
pub fn back(address: &str, answer: &[(&str, Option<&str>)]) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in answer {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
    }
    Some(url.into())
}

/// The page where people sign in, with everything that the application has asked for; and with a login, where somebody has signed in and
/// is to consent.
pub fn sign_in_page(
    app_url: &str,
    asked: &[(String, String)],
    (scope, login): (&str, Option<&str>),
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked {
        if name != "scope" && !OURS.contains(&name.as_str()) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("scope", scope);
    if let Some(login) = login {
        query.append_pair("login", login);
    }
    format!("{app_url}oauth?{}", query.finish())
}

/// The page where people sign in, for somebody whom his identity provider has signed in.
pub fn arrived_page(app_url: &str, login: &str) -> String {
    format!("{app_url}signin?login={login}")
}

/// The name of the cookie by which a browser is known again as one that signed in through an application.
pub fn cookie_name(client: &str) -> String {
    format!("medplum-{client}")
}

/// The cookie. No script reads it, and it is sent to this server's OAuth endpoints alone. An application's page may stand on another
/// site than this server, and asks from a frame: browsers take that from a server with TLS only.
pub fn cookie(client: &str, (token, life): (&str, Duration), base_url: &str) -> String {
    let name = cookie_name(client);
    let place = Url::parse(base_url).ok();
    let path = place.as_ref().map_or("/", Url::path);
    let site = match place.as_ref().map(Url::scheme) {
        Some("https") => "SameSite=None; Secure",
        _ => "SameSite=Lax",
    };
    let seconds = life.as_secs();
    format!("{name}={token}; Path={path}oauth2/; Max-Age={seconds}; HttpOnly; {site}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_added_to_what_the_address_asks_already() {
        let answer = [("code", Some("a b")), ("state", Some("x&y")), ("z", None)];
        let there = "https://example.com/back?keep=1";
        let wanted = "https://example.com/back?keep=1&code=a+b&state=x%26y";
        assert_eq!(back(there, &answer).as_deref(), Some(wanted));
        let own = back("com.example:/back", &[("code", Some("c"))]);
        assert_eq!(own.as_deref(), Some("com.example:/back?code=c"));
        assert_eq!(back("nowhere", &answer), None);
    }

    #[test]
    fn nobody_else_says_which_login_is_to_be_agreed_to() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let asked = [
            pair("state", "s"),
            pair("login", "theirs"),
            pair("code", "c"),
        ];
        let page = sign_in_page("https://app.example.com/", &asked, ("openid", Some("ours")));
        let wanted = "https://app.example.com/oauth?state=s&scope=openid&login=ours";
        assert_eq!(page, wanted);
    }

    #[test]
    fn a_cookie_is_sent_to_the_oauth_endpoints_alone() {
        let hour = Duration::from_secs(3600);
        let cookie = |base| cookie("a", ("t", hour), base);
        let secure =
            "medplum-a=t; Path=/api/oauth2/; Max-Age=3600; HttpOnly; SameSite=None; Secure";
        assert_eq!(cookie("https://example.com/api/"), secure);
        let local = "medplum-a=t; Path=/oauth2/; Max-Age=3600; HttpOnly; SameSite=Lax";
        assert_eq!(cookie("http://127.0.0.1:9000/"), local);
    }
}
