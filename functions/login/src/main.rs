//! Sign-in of persons: how, with which password, as whom, with which scope and second factor, and where a sign-in stands.

mod answer;
mod first_step;
mod second_factor;

use app::routes::{
    FIRST_CODE, FIRST_CODE_AT_LOGIN, LOGIN, LOGIN_METHOD, LOGIN_PROFILE, LOGIN_SCOPE, LOGIN_STATUS,
    NO_SECOND_FACTOR, SECOND_FACTOR, SECOND_STEP,
};
use app::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&LOGIN_METHOD, first_step::method)
        .on(&LOGIN, first_step::login)
        .on(&LOGIN_PROFILE, first_step::profile)
        .on(&LOGIN_SCOPE, first_step::scope)
        .on(&LOGIN_STATUS, first_step::status)
        .on(&SECOND_STEP, second_factor::verify)
        .on(&FIRST_CODE_AT_LOGIN, second_factor::enrol_at_login)
        .on(&SECOND_FACTOR, second_factor::status)
        .on(&FIRST_CODE, second_factor::enrol)
        .on(&NO_SECOND_FACTOR, second_factor::disable)
        .serve()
        .await
}
