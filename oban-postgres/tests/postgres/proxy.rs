use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, split},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// Stands between a client and the server, to do to connections what networks do.
pub(crate) struct Proxy {
    port: u16,
    refuses: Arc<AtomicBool>,
    state: watch::Sender<State>,
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
    pub(crate) async fn start(server: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let upstream = (server.get_host().to_owned(), server.get_port());
        let refuses = Arc::new(AtomicBool::new(false));
        let state = watch::Sender::new(State::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, upstream, Arc::clone(&refuses), state.clone()));
        Self { port, refuses, state, _tasks: tasks }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
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
        links.spawn(link(client, server, number, state.subscribe()));
    }
}

/// Forwards both ways until one side closes, or the link is cut. A frozen link keeps its sockets and waits.
async fn link(client: TcpStream, server: TcpStream, number: u64, mut state: watch::Receiver<State>) {
    let mut commands = state.clone();
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let forward = async {
        tokio::select! {
            () = pump(&mut from_client, &mut to_server) => {}
            () = pump(&mut from_server, &mut to_client) => {}
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

async fn pump(from: &mut (impl AsyncReadExt + Unpin), to: &mut (impl AsyncWriteExt + Unpin)) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
