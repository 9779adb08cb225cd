//! Figures of a server that is killed: nothing acknowledged is lost, and nothing that its sender
//! had to send again counts twice.

use std::path::Path;
use std::time::Duration;

use super::arrivals::{requests, shuffled, with_late_ones, with_repeated_ones};
use super::asking::check_figures;
use super::generated;
use super::sent::{Sent, request};
use crate::batches::{Reply, Sender};
use crate::random::Random;
use crate::server::{Launch, Server, eventually};

/// Kills of one server's data.
const KILLS: u64 = 8;

/// Steps of the roll-up between which a server dies, and how often they are passed before.
pub(crate) const ROLL_UP_POINTS: [(&str, u64); 3] = [
    ("rollup::after-files", 2),
    ("rollup::between-tables", 2),
    ("rollup::after-commit", 2),
];

fn restless(directory: &Path) -> Launch {
    Launch::in_directory(directory)
        .set("flush-age", "1s")
        .set("flush-bytes", "32KiB")
        .set("max-request-bytes", "32KiB")
        .set("wal-segment-bytes", "128KiB")
        .set("log-level", "warn")
}

fn load(run: u64, traces: u64) -> (Vec<Sent>, Vec<Vec<Sent>>) {
    let mut random = Random::seeded(run);
    let spans = shuffled(generated::traces(run, traces), &mut random);
    let spans = with_late_ones(spans, &mut random);
    let spans = with_repeated_ones(&spans, &mut random);
    let requests = requests(&spans, &mut random);
    (spans, requests)
}

/// Between two attempts at a server that is not ready or busy.
const A_MOMENT: Duration = Duration::from_millis(10);

/// Sends requests until the server is gone; returns how many it acknowledged.
async fn send_while_it_lives(mut sender: Sender, requests: Vec<Vec<Sent>>) -> usize {
    let mut acked = 0;
    while let Some(spans) = requests.get(acked) {
        match sender.send(request(spans)).await {
            Reply::Acked => acked += 1,
            Reply::Retry { .. } => tokio::time::sleep(A_MOMENT).await,
            Reply::Lost => break,
            other @ Reply::Refused { .. } => panic!("{other:?}"),
        }
    }
    acked
}

/// The spans of all requests before one.
fn arrived(requests: &[Vec<Sent>], acked: usize) -> Vec<Sent> {
    requests[..acked].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_moment_change_no_figure() {
    let directory = tempfile::tempdir().unwrap();
    let launch = restless(directory.path());
    let (spans, requests) = load(20, 500);
    let mut random = Random::seeded(21);
    let mut acked = 0;
    for kill in 1..=KILLS {
        let server = launch.start().await;
        let until = requests.len() as u64 * kill / KILLS;
        let part = requests[acked..usize::try_from(until).unwrap()].to_vec();
        let sending = tokio::spawn(send_while_it_lives(Sender::http(&server), part));
        // A moment of the sending, of a flush, or of what follows it.
        tokio::time::sleep(Duration::from_millis(random.below(1_500))).await;
        server.kill();
        acked += sending.await.unwrap();
        if kill == KILLS / 2 {
            // What was sent and not acknowledged may be there: it is sent again before anything is
            // asked.
            let server = launch.start().await;
            let part = &requests[acked..(acked + 1).min(requests.len())];
            acked += send_while_it_lives(Sender::http(&server), part.to_vec()).await;
            check_figures(&server, &arrived(&requests, acked)).await;
            server.kill();
        }
    }
    let server = launch.start().await;
    let rest = requests[acked..].to_vec();
    acked += send_while_it_lives(Sender::http(&server), rest).await;
    assert_eq!(acked, requests.len());
    check_figures(&server, &spans).await;
    let ended = server.terminate().await;
    assert!(ended.status.success(), "{}", ended.log);
    check_figures(&launch.start().await, &spans).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_between_the_steps_of_a_roll_up_change_no_figure() {
    for (run, (point, passes)) in (30..).zip(ROLL_UP_POINTS) {
        let directory = tempfile::tempdir().unwrap();
        let launch = restless(directory.path());
        let (spans, requests) = load(run, 120);
        let mut acked = 0;
        for points in [
            format!("{point}=return"),
            format!("{point}={passes}*off->return"),
        ] {
            let server = launch.clone().fail_points(&points).spawn().await;
            acked += send_and_die(server, &requests[acked..], &points).await;
        }
        let server = launch.start().await;
        let rest = requests[acked..].to_vec();
        acked += send_while_it_lives(Sender::http(&server), rest).await;
        assert_eq!(acked, requests.len(), "{point}");
        check_figures(&server, &spans).await;
    }
}

/// Sends half of some requests, and the last of those again until the server dies by itself; returns
/// how many it acknowledged. The next life wants something too.
async fn send_and_die(mut server: Server, requests: &[Vec<Sent>], points: &str) -> usize {
    let half = &requests[..requests.len().div_ceil(2)];
    let mut acked = 0;
    eventually(&format!("the server dies at {points}"), async || {
        // What the roll-up waits for are flushes, and those wait for spans.
        let next = acked.min(half.len() - 1);
        let sent = send_while_it_lives(Sender::http(&server), half[next..].to_vec()).await;
        acked = next + sent;
        server.ended()
    })
    .await;
    acked
}
