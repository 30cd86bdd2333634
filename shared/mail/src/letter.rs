use std::fmt;

use domain::{Email, RequestId, Secret};

use crate::body::{Body, Piece, html, text};
use crate::line::{display_name, one_line};

/// The longest name in characters: in the text of a letter, and in its subject, which mailboxes cut anyway.
const IN_TEXT: usize = 200;
const IN_SUBJECT: usize = 100;

/// Who writes: the product's name, the address that letters come from, and the web app that their links lead to.
#[derive(Clone, Debug)]
pub struct Sender {
    product: String,
    address: Email,
    app: String,
}

/// A letter, ready to be sent. Made by a [`Sender`] only, so its subject is one line whatever names are in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    to: Email,
    from: String,
    subject: String,
    text: String,
    html: String,
}

impl Sender {
    /// `app` is the base URL of the web app, with or without its final slash.
    pub fn new(product: &str, address: Email, app: &str) -> Self {
        Self {
            product: one_line(product, IN_SUBJECT),
            address,
            app: format!("{}/", app.trim_end_matches('/')),
        }
    }

    /// To a person who was invited to `project` and has no password yet: the link to set one.
    pub fn welcome(
        &self,
        to: &Email,
        project: &str,
        request: RequestId,
        secret: &Secret,
    ) -> Letter {
        let link = format!("{}setpassword/{request}/{}", self.app, secret.reveal());
        self.letter(
            to,
            format!("Welcome to {}", self.product),
            &[
                &[
                    Piece::Words("You were invited to "),
                    Piece::Words(&one_line(project, IN_TEXT)),
                ],
                &[Piece::Words(
                    "Please click on the following link to create your account:",
                )],
                &[Piece::Link(&link)],
                &self.signature(),
            ],
        )
    }

    /// To a person who can sign in already and was invited to one more `project`.
    pub fn joined(&self, to: &Email, project: &str) -> Letter {
        let name = one_line(project, IN_TEXT);
        self.letter(
            to,
            format!(
                "{}: Welcome to {}",
                self.product,
                one_line(project, IN_SUBJECT)
            ),
            &[
                &[Piece::Words("You were invited to "), Piece::Words(&name)],
                &[
                    Piece::Words("The next time you sign in, you will see "),
                    Piece::Words(&name),
                    Piece::Words(" as an option."),
                ],
                &[
                    Piece::Words("You can sign in here: "),
                    Piece::Link(&format!("{}signin", self.app)),
                ],
                &self.signature(),
            ],
        )
    }

    /// To somebody who has forgotten his password, or somebody whose address a stranger has typed: the link to set a new one.
    pub fn reset(&self, to: &Email, request: RequestId, secret: &Secret) -> Letter {
        let link = format!("{}setpassword/{request}/{}", self.app, secret.reveal());
        self.letter(
            to,
            format!("{} Password Reset", self.product),
            &[
                &[
                    Piece::Words("Somebody asked for a new password for your "),
                    Piece::Words(&self.product),
                    Piece::Words(" account."),
                ],
                &[Piece::Words(
                    "To set it, please click on the following link within an hour:",
                )],
                &[Piece::Link(&link)],
                &[Piece::Words(
                    "If it was not you, there is nothing to do: your password stays as it is.",
                )],
                &self.signature(),
            ],
        )
    }

    /// To the new address of an account: the link to verify it.
    pub fn verify(&self, to: &Email, request: RequestId, secret: &Secret) -> Letter {
        let link = format!("{}verifyemail/{request}/{}", self.app, secret.reveal());
        self.letter(
            to,
            format!("{} Email Address Updated", self.product),
            &[
                &[
                    Piece::Words("This is now the email address of your "),
                    Piece::Words(&self.product),
                    Piece::Words(" account."),
                ],
                &[Piece::Words(
                    "To verify it, please click on the following link:",
                )],
                &[Piece::Link(&link)],
                &self.signature(),
            ],
        )
    }

    /// To the former address of an account. It does not name the new one.
    pub fn moved(&self, to: &Email) -> Letter {
        self.letter(
            to,
            format!("{} Email Address Changed", self.product),
            &[
                &[
                    Piece::Words("An administrator has given your "),
                    Piece::Words(&self.product),
                    Piece::Words(" account another email address. From now on, letters go there."),
                ],
                &[Piece::Words(
                    "If you did not expect this, please ask your administrator.",
                )],
                &self.signature(),
            ],
        )
    }

    fn signature(&self) -> [Piece<'_>; 3] {
        [
            Piece::Words("Thank you,"),
            Piece::Break,
            Piece::Words(&self.product),
        ]
    }

    fn letter(&self, to: &Email, subject: String, body: &Body) -> Letter {
        Letter {
            to: to.clone(),
            from: format!("{} <{}>", display_name(&self.product), self.address),
            text: text(body),
            html: html(&subject, body),
            subject,
        }
    }
}

impl Letter {
    /// The one recipient.
    pub fn to(&self) -> &Email {
        &self.to
    }

    /// The mailbox it comes from, as a header has it: `"Product" <address>`.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// One line.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The plain text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same as HTML, everything that people chose escaped.
    pub fn html(&self) -> &str {
        &self.html
    }
}

/// A letter names a person and may hold the secret of a link.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(..)")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;

    fn sender(product: &str) -> Sender {
        Sender::new(
            product,
            "support@example.com".parse().unwrap(),
            "http://localhost:3000/",
        )
    }

    fn alice() -> Email {
        "alice@example.com".parse().unwrap()
    }

    fn welcome(product: &str, project: &str) -> Letter {
        let request = RequestId::new(uuid::Uuid::from_u128(7));
        sender(product).welcome(&alice(), project, request, &Secret::new("5ec7e7"))
    }

    #[test]
    fn the_letter_to_a_new_user_is_the_recorded_one() {
        let letter = welcome("Medplum", "ProjectName");
        assert_eq!(letter.to(), &alice());
        assert_eq!(letter.from(), "\"Medplum\" <support@example.com>");
        assert_eq!(letter.subject(), "Welcome to Medplum");
        assert_eq!(
            letter.text(),
            "You were invited to ProjectName\n\n\
             Please click on the following link to create your account:\n\n\
             http://localhost:3000/setpassword/00000000-0000-0000-0000-000000000007/5ec7e7\n\n\
             Thank you,\nMedplum\n"
        );
    }

    #[test]
    fn the_letter_to_an_existing_user_is_the_recorded_one() {
        let letter = sender("Medplum").joined(&alice(), "Second Project");
        assert_eq!(letter.subject(), "Medplum: Welcome to Second Project");
        assert_eq!(
            letter.text(),
            "You were invited to Second Project\n\n\
             The next time you sign in, you will see Second Project as an option.\n\n\
             You can sign in here: http://localhost:3000/signin\n\n\
             Thank you,\nMedplum\n"
        );
    }

    #[test]
    fn a_reset_brings_the_link_to_set_a_password_and_a_verification_another_one() {
        let (request, secret) = (
            RequestId::new(uuid::Uuid::from_u128(7)),
            Secret::new("5ec7e7"),
        );
        let reset = sender("Medplum").reset(&alice(), request, &secret);
        assert_eq!(reset.subject(), "Medplum Password Reset");
        assert!(reset.text().contains(
            "http://localhost:3000/setpassword/00000000-0000-0000-0000-000000000007/5ec7e7\n"
        ));
        let verify = sender("Medplum").verify(&alice(), request, &secret);
        assert_eq!(verify.subject(), "Medplum Email Address Updated");
        assert!(verify.text().contains(
            "http://localhost:3000/verifyemail/00000000-0000-0000-0000-000000000007/5ec7e7\n"
        ));
        let moved = sender("Medplum").moved(&alice());
        assert_eq!(moved.subject(), "Medplum Email Address Changed");
        assert!(!moved.text().contains("http"));
    }

    #[test]
    fn html_says_what_the_text_says_and_the_link_can_be_read() {
        let link = "http://localhost:3000/setpassword/00000000-0000-0000-0000-000000000007/5ec7e7";
        assert_eq!(
            welcome("Roster", "Clinic").html(),
            format!(
                "<!DOCTYPE html>\n<html lang=\"en\">\n\
                 <head><meta charset=\"utf-8\"><title>Welcome to Roster</title></head>\n<body>\n\
                 <p>You were invited to Clinic</p>\n\
                 <p>Please click on the following link to create your account:</p>\n\
                 <p><a href=\"{link}\">{link}</a></p>\n\
                 <p>Thank you,<br>Roster</p>\n\
                 </body>\n</html>\n"
            )
        );
    }

    #[test]
    fn names_cannot_break_out_of_html() {
        let evil =
            "<script>x('1')</script> & \"friends\" <a href=\"https://evil.example\">Your bank</a>";
        let shown = "&lt;script&gt;x(&#39;1&#39;)&lt;/script&gt; &amp; &quot;friends&quot;";
        for letter in [
            welcome("Roster", evil),
            welcome(evil, "Clinic"),
            sender("Roster").joined(&alice(), evil),
        ] {
            assert!(letter.html().contains(shown), "{}", letter.html());
            for broken in ["<script", "x('", "\"friends", "\"https://evil"] {
                assert!(!letter.html().contains(broken), "{broken}");
            }
        }
    }

    #[test]
    fn names_cannot_add_a_header_or_a_line() {
        let evil = "Clinic\r\nBcc: homer@example.com\r\n\r\nPay\u{2028}here\0";
        for letter in [
            welcome("Roster", evil),
            welcome(evil, "Clinic"),
            sender("Roster").joined(&alice(), evil),
        ] {
            let headers = format!("{}{}", letter.subject(), letter.from());
            assert!(!headers.contains(|c: char| c.is_control() || c == '\u{2028}'));
            assert!(
                letter
                    .text()
                    .contains("Clinic Bcc: homer@example.com Pay here"),
                "{}",
                letter.text()
            );
            assert!(!letter.text().contains("\nBcc"), "{}", letter.text());
        }
    }

    #[test]
    fn long_names_are_cut_to_100_characters_in_a_subject_and_200_in_a_text() {
        let letter = sender("Roster").joined(&alice(), &"x".repeat(1000));
        let cut = |length: usize| format!("{}…", "x".repeat(length - 1));
        assert_eq!(letter.subject(), format!("Roster: Welcome to {}", cut(100)));
        assert!(
            letter
                .text()
                .starts_with(&format!("You were invited to {}\n", cut(200)))
        );
    }

    #[test]
    fn the_final_slash_of_the_app_does_not_matter() {
        let address: Email = "support@example.com".parse().unwrap();
        let bare = Sender::new("Roster", address, "https://app.example.com");
        let letter = bare.joined(&alice(), "Clinic");
        assert!(letter.text().contains("https://app.example.com/signin\n"));
    }

    #[test]
    fn a_letter_is_not_printed() {
        assert_eq!(format!("{:?}", welcome("Roster", "Clinic")), "Letter(..)");
    }
}
