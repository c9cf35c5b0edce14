//! Stands between nodes and the server, and can do what networks do.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

use crate::wait::eventually;

/// What the startup of the connection that listens for notifications contains.
pub(crate) const LISTENER: &str = "oban listener";

/// A proxy on a port of this machine.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    /// Each connection so far: its startup message, and whether it is frozen.
    connections: Mutex<Vec<(String, watch::Sender<bool>)>>,
    accepted: AtomicUsize,
    /// Whether notifications are swallowed.
    deaf: AtomicBool,
    swallowed: AtomicUsize,
}

impl Proxy {
    /// Starts to pass everything on to the server.
    pub(crate) async fn start(server: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, server, Arc::clone(&shared)));
        Self { port, shared, _tasks: tasks }
    }

    /// Passes nothing on any more on connections whose startup message contains `text`, and does not close them:
    /// what a vanished host or a forgetful firewall looks like. New ones work. Returns how many it froze.
    pub(crate) fn freeze(&self, text: &str) -> usize {
        let connections = self.shared.connections.lock().unwrap();
        let chosen = connections.iter().filter(|(startup, _)| startup.contains(text));
        let mut count = 0;
        for (_, frozen) in chosen {
            count += usize::from(!frozen.send_replace(true));
        }
        count
    }

    /// Waits until nodes have tried to connect so often from now on, whether or not the server took them.
    pub(crate) async fn is_tried(&self, count: usize) {
        let before = self.shared.accepted.load(Ordering::SeqCst);
        eventually("nodes have tried to connect", || async {
            let tries = self.shared.accepted.load(Ordering::SeqCst) - before;
            if tries >= count { Ok(()) } else { Err(tries) }
        })
        .await;
    }

    /// Swallows all notifications from now on, as a pooler does that hands out connections per transaction.
    pub(crate) fn swallow_notifications(&self) {
        self.shared.deaf.store(true, Ordering::SeqCst);
    }

    /// How many notifications it has swallowed.
    pub(crate) fn swallowed(&self) -> usize {
        self.shared.swallowed.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, server: (String, u16), shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        connections.spawn(connect(client, server.clone(), Arc::clone(&shared)));
    }
}

async fn connect(mut client: TcpStream, (host, port): (String, u16), shared: Arc<Shared>) {
    // A server that is down looks like a connection that ends at once.
    let Ok(mut server) = TcpStream::connect((host.as_str(), port)).await else { return };
    let mut startup = vec![0; 4096];
    let Ok(length) = client.read(&mut startup).await else { return };
    startup.truncate(length);
    if server.write_all(&startup).await.is_err() {
        return;
    }
    let (frozen, watched) = watch::channel(false);
    let text = String::from_utf8_lossy(&startup).into_owned();
    shared.connections.lock().unwrap().push((text, frozen));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let frozen = watched.clone();
    tokio::select! {
        () = upstream(from_client, to_server, frozen) => {}
        () = downstream(from_server, to_client, watched, &shared) => {}
    }
}

async fn upstream(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, frozen: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        thaw(&frozen).await;
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
    // Not told to a frozen connection's other end either.
    thaw(&frozen).await;
}

/// Message by message, each a letter, its length, and its content.
async fn downstream(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    frozen: watch::Receiver<bool>,
    shared: &Shared,
) {
    const NOTIFICATION: u8 = b'A';
    let mut head = [0; 5];
    while from.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]).saturating_sub(4);
        let mut message = head.to_vec();
        message.resize(head.len() + usize::try_from(length).unwrap(), 0);
        if from.read_exact(&mut message[head.len()..]).await.is_err() {
            break;
        }
        thaw(&frozen).await;
        if head[0] == NOTIFICATION && shared.deaf.load(Ordering::SeqCst) {
            shared.swallowed.fetch_add(1, Ordering::SeqCst);
        } else if to.write_all(&message).await.is_err() {
            return;
        }
    }
    thaw(&frozen).await;
}

/// Never returns once the connection is frozen.
async fn thaw(frozen: &watch::Receiver<bool>) {
    if *frozen.borrow() {
        std::future::pending::<()>().await;
    }
}
