use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use oban_postgres::Postgres;
use sqlx::postgres::PgPoolOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, split},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::support::Database;

/// Stands between a client and the server, to do to connections what networks do.
pub(crate) struct Proxy {
    port: u16,
    refuses: Arc<AtomicBool>,
    state: watch::Sender<State>,
    messages: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

/// Connections older than these numbers are cut or frozen.
#[derive(Clone, Copy, Default)]
struct State {
    latest: u64,
    frozen_until: u64,
    cut_until: u64,
}

impl Proxy {
    /// Listens on a free port.
    pub(crate) async fn start(database: &Database) -> Self {
        let server = database.options();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let upstream = (server.get_host().to_owned(), server.get_port());
        let refuses = Arc::new(AtomicBool::new(false));
        let state = watch::Sender::new(State::default());
        let messages = Arc::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, upstream, Arc::clone(&refuses), state.clone(), Arc::clone(&messages)));
        Self { port, refuses, state, messages, _tasks: tasks }
    }

    /// An engine that connects through here.
    pub(crate) fn postgres(&self, database: &Database) -> Postgres {
        let options = database.options().host("127.0.0.1").port(self.port);
        Postgres::new(PgPoolOptions::new().connect_lazy_with(options))
    }

    /// How many times the server answered.
    pub(crate) fn answers(&self) -> usize {
        self.messages.load(Ordering::SeqCst)
    }

    /// Forwards nothing more on the present connections, and does not close them either.
    pub(crate) fn freeze(&self) {
        self.state.send_modify(|state| state.frozen_until = state.latest);
    }

    /// Closes the present connections.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cut_until = state.latest);
    }

    /// Whether new connections are closed at once.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }
}

async fn accept(
    listener: TcpListener,
    upstream: (String, u16),
    refuses: Arc<AtomicBool>,
    state: watch::Sender<State>,
    messages: Arc<AtomicUsize>,
) {
    let mut links = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        if refuses.load(Ordering::SeqCst) {
            continue;
        }
        let server = TcpStream::connect(&upstream).await.unwrap();
        let mut number = 0;
        state.send_modify(|state| {
            state.latest += 1;
            number = state.latest;
        });
        links.spawn(link(client, server, number, state.subscribe(), Arc::clone(&messages)));
    }
}

/// Forwards both ways until one side closes, or the link is cut. A frozen link keeps its sockets and waits.
async fn link(
    client: TcpStream,
    server: TcpStream,
    number: u64,
    mut state: watch::Receiver<State>,
    messages: Arc<AtomicUsize>,
) {
    let mut commands = state.clone();
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let forward = async {
        tokio::select! {
            () = pump(&mut from_client, &mut to_server, || {}) => {}
            () = pump(&mut from_server, &mut to_client, || { messages.fetch_add(1, Ordering::SeqCst); }) => {}
        }
    };
    tokio::select! {
        () = forward => return,
        changed = state.wait_for(|state| number <= state.frozen_until.max(state.cut_until)) => {
            if changed.is_err() { return }
        }
    }
    let _ = commands.wait_for(|state| number <= state.cut_until).await;
}

async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    passed: impl Fn(),
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        passed();
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
