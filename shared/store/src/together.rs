//! Several reads at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Waits for all of them, and returns what each gave, in their order.
pub async fn together<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut given: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    poll_fn(move |context| {
        let mut all = true;
        for (future, place) in waiting.iter_mut().zip(&mut given) {
            if place.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *place = Some(output),
                    Poll::Pending => all = false,
                }
            }
        }
        match all {
            true => Poll::Ready(given.drain(..).flatten().collect()),
            false => Poll::Pending,
        }
    })
    .await
}
