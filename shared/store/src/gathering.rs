//! What several actions write, gathered to become true together; and the table as it would be if it already had.

mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Dice, Failure, Fault};
use fhir::Resource;

use crate::row::{self, Item, PK, SK};
use crate::step::{Otherwise, Step};
use crate::transaction::{Aborted, Halt, Transaction};
use crate::{Store, Tenant};

/// A transaction has room for so many steps.
const MOST_STEPS: usize = 100;

/// Where a row stands.
type Place = (String, String);

/// What was to be written and did not hold any more: whoever wants to write the same again is told so at once.
#[derive(Debug, Default)]
pub struct Refuted(Vec<Step>);

/// Why nothing was written.
#[derive(Debug)]
pub enum Unwritten {
    /// Something that was read has changed since: decide everything anew, knowing this.
    Changed(Refuted),
    /// One of the actions, by its number, is refused; or all of them, because they do not fit together.
    Failed(Option<usize>, Failure),
}

/// The steps of numbered actions. It is shared by the stores that gather for it.
#[derive(Clone, Debug, Default)]
pub struct Gathering(Arc<Mutex<Gathered>>);

#[derive(Debug, Default)]
struct Gathered {
    /// The action under way.
    action: usize,
    steps: Vec<(usize, Step)>,
    /// Which step is about a place.
    at: HashMap<Place, usize>,
    /// Rows that will be written before the end, as far as they are known.
    promised: HashMap<Place, Item>,
    refuted: Vec<Step>,
}

impl Gathering {
    /// An empty one, which takes nothing that was refuted before.
    pub fn new(Refuted(refuted): Refuted) -> Self {
        Self(Arc::new(Mutex::new(Gathered {
            refuted,
            ..Gathered::default()
        })))
    }

    /// From now on, steps belong to this action.
    pub fn begin(&self, action: usize) {
        self.gathered().action = action;
    }

    /// A resource that one of the actions is going to make: until then, whoever reads finds it as it was sent.
    pub fn promise(&self, tenant: Tenant<'_>, resource: &Resource) {
        if let Some(row) = tenant.create_resource(resource, 0).row() {
            self.gathered().promised.insert(place(row), row.clone());
        }
    }

    /// Steps that belong to no action of their own, but to all.
    pub fn add(&self, steps: impl IntoIterator<Item = Step>) {
        let mut gathered = self.gathered();
        let action = gathered.action;
        let steps = steps.into_iter().map(|step| (action, step));
        gathered.steps.extend(steps);
    }

    /// Makes it so, all or nothing, in the table behind `store`.
    ///
    /// # Errors
    /// [`Unwritten`]; a fault when it is more than one transaction can hold.
    pub async fn commit(self, store: &Store, dice: Dice) -> Result<(), Unwritten> {
        let steps = std::mem::take(&mut self.gathered().steps);
        if steps.is_empty() {
            return Ok(());
        }
        if steps.len() > MOST_STEPS {
            return Err(Unwritten::Failed(None, too_many().into()));
        }
        let plain = steps.iter().map(|(_, step)| step.clone());
        let transaction = Transaction::new().steps(plain);
        let Err(Halt { aborted, failed }) = transaction.commit_or_name(store, dice).await else {
            return Ok(());
        };
        let failed: Vec<&(usize, Step)> = failed.iter().filter_map(|at| steps.get(*at)).collect();
        Err(match aborted {
            Aborted::Failed(failure) => {
                Unwritten::Failed(failed.first().map(|(action, _)| *action), failure)
            }
            Aborted::Changed => {
                let steps = failed.into_iter().map(|(_, step)| step);
                let steps = steps.filter(|step| *step.otherwise() == Otherwise::Reread);
                Unwritten::Changed(Refuted(steps.cloned().collect()))
            }
        })
    }

    /// Takes the steps of the action under way.
    pub(crate) fn take(&self, steps: Vec<Step>) -> Result<(), Aborted> {
        let mut gathered = self.gathered();
        if steps.iter().any(|step| gathered.refuted.contains(step)) {
            return Err(Aborted::Changed);
        }
        steps.into_iter().try_for_each(|step| gathered.take(step))?;
        Ok(())
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    fn take(&mut self, step: Step) -> Result<(), Failure> {
        let (place, action) = (place(step.place()), self.action);
        let Some(at) = self.at.get(&place) else {
            if self.steps.len() == MOST_STEPS {
                return Err(too_many().into());
            }
            self.at.insert(place, self.steps.len());
            self.steps.push((action, step));
            return Ok(());
        };
        let (earlier, before) = &mut self.steps[*at];
        let Some(both) = before.merged(&step) else {
            return Err(at_odds(*earlier, action).into());
        };
        (*earlier, *before) = (action, both);
        Ok(())
    }
}

fn too_many() -> Fault {
    Fault::general(format!(
        "A transaction may write at most {MOST_STEPS} items, with the versions and the record of what it changes"
    ))
}

fn at_odds(one: usize, two: usize) -> Fault {
    let (one, two) = (one.min(two), one.max(two));
    Fault::general(format!(
        "Bundle.entry[{one}] and Bundle.entry[{two}] change the same thing: they cannot stand in one transaction"
    ))
}

fn place(item: &Item) -> Place {
    let text = |name| row::text(item, name).to_owned();
    (text(PK), text(SK))
}
