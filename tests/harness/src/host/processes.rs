//! Starting, watching and ending the function processes.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::pool::{Event, Instance, Outcome, Pool};
use super::{Broken, Line, Setup, guard};
use crate::background;

/// All processes of a host.
pub(crate) struct Processes {
    setup: Setup,
    runtime_url: String,
    environment: Vec<(String, String)>,
    started: AtomicU64,
    stopped: AtomicBool,
    pools: Mutex<BTreeMap<String, Arc<Pool>>>,
    instances: Mutex<BTreeMap<u64, Arc<Instance>>>,
    lines: Mutex<Vec<Line>>,
}

impl Processes {
    /// None is started before an event needs it. `runtime_url` is where they find the Runtime API.
    pub(crate) fn new(
        setup: Setup,
        runtime_url: String,
        environment: Vec<(String, String)>,
    ) -> Self {
        Self {
            setup,
            runtime_url,
            environment,
            started: AtomicU64::default(),
            stopped: AtomicBool::default(),
            pools: Mutex::default(),
            instances: Mutex::default(),
            lines: Mutex::default(),
        }
    }

    /// Hands an event to a free process of the function and waits for what comes of it.
    pub(crate) async fn invoke(
        self: &Arc<Self>,
        function: &str,
        payload: String,
        request: String,
    ) -> Outcome {
        let fresh = || {
            Arc::new(Pool::new(
                function,
                self.setup.instances,
                self.setup.deadline,
            ))
        };
        let pool = locked(&self.pools)
            .entry(function.to_owned())
            .or_insert_with(fresh)
            .clone();
        self.offer(pool, payload, request).await
    }

    /// The same with a process of its own, which is killed afterwards.
    pub(crate) async fn invoke_fresh(
        self: &Arc<Self>,
        function: &str,
        payload: String,
        request: String,
    ) -> Outcome {
        let pool = Arc::new(Pool::new(function, 1, self.setup.deadline));
        let outcome = self.offer(pool.clone(), payload, request).await;
        self.kill_all(|instance| Arc::ptr_eq(&instance.pool, &pool))
            .await;
        outcome
    }

    async fn offer(self: &Arc<Self>, pool: Arc<Pool>, payload: String, request: String) -> Outcome {
        let (reply, outcome) = oneshot::channel();
        let function = pool.function.clone();
        if pool.offer(Event {
            request,
            payload,
            reply,
        }) {
            self.start(pool);
        }
        outcome.await.unwrap_or(Err(Broken::Crashed(function)))
    }

    /// The process that was started under this number, while it runs.
    pub(crate) fn instance(&self, number: u64) -> Option<Arc<Instance>> {
        locked(&self.instances).get(&number).cloned()
    }

    /// Kills the chosen processes, waits until they are dead, and returns how many there were.
    pub(crate) async fn kill_all(&self, chosen: impl Fn(&Instance) -> bool) -> usize {
        let all: Vec<_> = locked(&self.instances).values().cloned().collect();
        let victims: Vec<_> = all
            .into_iter()
            .filter(|instance| chosen(instance))
            .collect();
        for victim in &victims {
            victim.kill.notify_one();
        }
        for victim in &victims {
            victim.until_ended().await;
        }
        victims.len()
    }

    /// Kills every process and starts none again.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        for instance in locked(&self.instances).values() {
            instance.kill.notify_one();
        }
    }

    /// What was written so far, in order of arrival.
    pub(crate) fn logs(&self) -> Vec<Line> {
        locked(&self.lines).clone()
    }

    /// Starts one more process for a pool that has counted it already.
    fn start(self: &Arc<Self>, pool: Arc<Pool>) {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let instance = Arc::new(Instance::new(number, pool));
        locked(&self.instances).insert(number, instance.clone());
        background::spawn(self.clone().live(instance));
    }

    /// The life of one process, from its start until another may take its place.
    async fn live(self: Arc<Self>, instance: Arc<Instance>) {
        let function = instance.pool.function.clone();
        if self.stopped.load(Ordering::SeqCst) {
            instance.kill.notify_one();
        }
        let reason = match self.command(&instance).spawn() {
            Ok(child) => {
                self.watch(child, &instance).await;
                Broken::Crashed(function)
            }
            Err(error) => Broken::NotStarted(format!("{function} cannot be started: {error}")),
        };
        locked(&self.instances).remove(&instance.number);
        let replace = instance.pool.ended(&instance, reason);
        if replace && !self.stopped.load(Ordering::SeqCst) {
            self.start(instance.pool.clone());
        }
    }

    async fn watch(self: &Arc<Self>, mut child: Child, instance: &Instance) {
        let pid = child.id().unwrap_or_default();
        guard::watch(pid);
        let function = &instance.pool.function;
        self.clone().read(function, child.stdout.take());
        self.clone().read(function, child.stderr.take());
        tokio::select! {
            _ended = child.wait() => {}
            () = instance.kill.notified() => { let _killed = child.kill().await; }
        }
        guard::release(pid);
    }

    fn command(&self, instance: &Instance) -> Command {
        let function = &instance.pool.function;
        let mut command = Command::new(self.setup.binaries.join(function));
        let address = format!("{}/{}", self.runtime_url, instance.number);
        command
            .env_clear()
            .envs(
                std::env::vars_os()
                    .filter(|(name, _)| name == "PATH" || name == "LLVM_PROFILE_FILE"),
            )
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            // The Rust runtime keeps the path of this address, so one port serves every process.
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env(
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{function}"),
            )
            .env("AWS_LAMBDA_LOG_STREAM_NAME", instance.number.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn read(
        self: Arc<Self>,
        function: &str,
        pipe: Option<impl AsyncRead + Send + Unpin + 'static>,
    ) {
        let Some(pipe) = pipe else { return };
        let function = function.to_owned();
        background::spawn(async move {
            let mut lines = BufReader::new(pipe).split(b'\n');
            while let Ok(Some(line)) = lines.next_segment().await {
                self.note(&function, String::from_utf8_lossy(&line).into_owned());
            }
        });
    }

    /// Keeps a line as if the function had written it.
    pub(crate) fn note(&self, function: &str, text: String) {
        locked(&self.lines).push(Line {
            function: function.to_owned(),
            text,
        });
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
