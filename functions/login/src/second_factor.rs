//! The second factor: at sign-in, and as a setting of one's own.

use app::{Answer, Ask, Reply};
use domain::Failure;
use gateway::with_picture;
use operations::second_factor::{self, Code};
use operations::sign_in::{self, SecondStep};

use crate::answer::signed_in;

pub(crate) async fn verify(ask: Ask) -> Answer {
    let step = SecondStep::parse(&ask.call.object()?).map_err(Failure::from)?;
    let result = sign_in::verify(ask.means, &step).await?;
    signed_in(&ask, result)
}

pub(crate) async fn enrol_at_login(ask: Ask) -> Answer {
    let step = SecondStep::parse(&ask.call.object()?).map_err(Failure::from)?;
    let result = sign_in::enrol_at_login(ask.means, &step).await?;
    signed_in(&ask, result)
}

pub(crate) async fn status(ask: Ask) -> Answer {
    let (caller, ()) = ask.admit(|_, _| async { Ok(()) }).await?;
    let status = second_factor::status(ask.means, &caller).await?;
    Ok(Reply::json(with_picture(status)))
}

pub(crate) async fn enrol(ask: Ask) -> Answer {
    let code = ask.call.object().and_then(|body| Ok(Code::parse(&body)?));
    let (caller, code) = ask.admit(|_, _| async { code }).await?;
    second_factor::enrol(ask.means, &caller, &code).await?;
    Ok(ask.all_ok())
}

pub(crate) async fn disable(ask: Ask) -> Answer {
    let code = ask.call.object().and_then(|body| Ok(Code::parse(&body)?));
    let (caller, code) = ask.admit(|_, _| async { code }).await?;
    second_factor::disable(ask.means, &caller, &code).await?;
    Ok(ask.all_ok())
}
