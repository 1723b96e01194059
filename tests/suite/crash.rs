//! `kill -9` of any node at any moment: nothing that was acknowledged is ever missing anywhere.

use cairn_api::{EntryList, Outcome};
use cairn_casebook::Fact;
use cairn_ledger::EntryHash;
use cairn_tests::nodes::{
    Contributor, Founded, Node, SOON, Said, cairn, command, http, read_entries, submit, until,
};
use cairn_tests::sim::rng::Rng;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

const CODES: [&str; 3] = ["UNSEC", "COD", "TZA"];
/// How often a node is killed during the import.
const KILLS: u64 = 50;
/// How many cases the import states, in two statements each: the import takes some fifty batches.
const CASES: u64 = 6_400;

/// The seed of this run: `CAIRN_SEED`, or another one every time. A failure shows what was printed.
fn seed() -> u64 {
    let named = std::env::var("CAIRN_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = named.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
        now.subsec_nanos().into()
    });
    println!("CAIRN_SEED={seed}");
    seed
}

/// Kills a node and starts it again at once. It may be killed again before it has recovered.
fn kill_one(founded: &mut Founded, rng: &mut Rng) -> String {
    let which = rng.below(founded.nodes.len());
    let node = &mut founded.nodes[which];
    assert!(!node.has_ended(), "the node of {} ended by itself\n{}", node.code, node.diagnostics());
    node.kill();
    node.spawn(&[]);
    node.code.clone()
}

/// A file in the columns of the United Nations' data: every third case has two dead.
fn fatalities() -> (String, u64) {
    let mut text = String::from(
        "id,incident_date,casualty_id,mission_acronym,type_of_casualty,gender,\
         casualty_nationality,casualty_personnel_type,type_of_incident,m49_code,isocode3,last_update\n",
    );
    let mut dead = 0;
    for case in 0..CASES {
        let mission = ["MONUSCO", "MINUSMA", "UNIFIL", "MINUSCA"][(case % 4) as usize];
        let day = case / 4;
        let (year, month, day) = (2000 + day / 336, day % 336 / 28 + 1, day % 28 + 1);
        for _ in 0..1 + u64::from(case % 3 == 0) {
            dead += 1;
            let state =
                ["India,Military,Malicious Act,356,IND", "Ghana,Police,Malicious Act,288,GHA"];
            let state = state[(dead % 2) as usize];
            let date = format!("{year}-{month:02}-{day:02}");
            writeln!(
                text,
                "{dead},{date},{mission}-{dead},{mission},Fatality,M,{state},2025-04-04"
            )
            .expect("a string");
        }
    }
    (text, dead)
}

fn import(home: &Path, file: &Path) -> Child {
    let mut import = command("cairn");
    import.arg("--home").arg(home).args(["--json", "import", "un-fatalities"]).arg(file);
    import.args(["--retry-for", "60"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    import.spawn().expect("the import starts")
}

fn finished(child: Child) -> Said {
    let output = child.wait_with_output().expect("the import ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    Said { out: text(&output.stdout), err: text(&output.stderr), code }
}

#[test]
fn fifty_kills_in_the_middle_of_an_import_lose_nothing() {
    let mut rng = Rng::new(seed());
    let mut founded = Founded::running(&CODES);
    let (_, home) = (founded.contributor("UNSEC"), founded.home("UNSEC"));
    let (text, dead) = fatalities();
    let file = founded.path("fatalities.csv");
    std::fs::write(&file, text).expect("a file");
    let mut child = import(&home, &file);
    let mut killed = BTreeMap::<String, u64>::new();
    for kill in 0..KILLS {
        // A bit further than the last time, at no particular moment of a batch.
        let share = 1 + kill * (2 * CASES - 600) / KILLS + rng.between(0, 199);
        until(&format!("{share} statements stand, for kill {kill}"), SOON, || {
            let ended = child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "the import was over before kill {kill}");
            let logs = founded.node("UNSEC").try_status()?.logs;
            logs.into_iter().find(|log| log.member.as_str() == "UNSEC" && log.size >= share)
        });
        *killed.entry(kill_one(&mut founded, &mut rng)).or_default() += 1;
    }
    println!("killed: {killed:?}");
    founded.nodes.iter_mut().for_each(Node::answers);
    let said = finished(child);
    let again = finished(import(&home, &file)).yes();
    let total = 2 * CASES;
    for (said, all) in [(said.clone(), false), (Said { out: again, ..said }, true)] {
        let told: serde_json::Value = serde_json::from_str(&said.out).expect(&said.err);
        let (added, known) = (&told["added"], &told["known"]);
        let sum = added.as_u64().unwrap_or(0) + known.as_u64().unwrap_or(0);
        assert_eq!((said.code, sum), (0, total), "{told}");
        assert_eq!((told["cases"].as_u64(), told["dead"].as_u64()), (Some(CASES), Some(dead)));
        assert!(!all || *added == 0, "a second import adds nothing: {told}");
    }
    founded.nodes.iter().for_each(|node| node.holds("UNSEC", 1 + total));
    founded.agree();
    assert_eq!(founded.identical("UNSEC").len() as u64, 1 + total);
    for node in &founded.nodes {
        assert_eq!(dead_in(node), dead, "{}", node.code);
        assert_eq!(node.status().alarms, [""; 0], "{}", node.code);
    }
    let list = cairn(&home, ["case", "list", "--json", "--mission", "UNIFIL"]).yes();
    let list: serde_json::Value = serde_json::from_str(&list).expect("a list");
    assert_eq!(list["total"].as_u64(), Some(CASES / 4));
}

/// How many dead the statements of the Secretariat count, as a node shows them.
fn dead_in(node: &Node) -> u64 {
    let (mut start, mut dead) = (0, 0);
    loop {
        let url = format!("{}/v1/logs/UNSEC?start={start}&limit=1000", node.url());
        let (_, body) = http(&url).expect("an answer");
        let list: EntryList = serde_json::from_slice(&body).expect("entries");
        for entry in &list.entries {
            if let Some(Fact::Casualties(casualties)) = &entry.fact {
                dead += u64::from(casualties.killed.unwrap_or(0));
            }
        }
        start += list.entries.len() as u64;
        if list.entries.is_empty() {
            return dead;
        }
    }
}

/// How many of what a client was told.
type Told = Vec<(String, u64, EntryHash)>;

/// A client that states one thing after the other and writes down what was acknowledged. What was
/// not is stated again: it may stand already, and then that is what it is told.
fn insist(url: &str, speaker: &Contributor, first: u64, stop: &AtomicBool) -> Told {
    let mut told = Vec::new();
    for number in first.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let notes: Vec<_> = (0..1 + number % 3).map(|n| speaker.note(number * 4 + n)).collect();
        let Some(result) = patiently(url, &notes) else { break };
        for outcome in result {
            match outcome {
                Outcome::Accepted { member, position, entry }
                | Outcome::Known { member, position, entry } => {
                    told.push((member.to_string(), position, entry));
                }
                Outcome::Refused(why) => panic!("{}: {why:?}", speaker.member),
            }
        }
    }
    told
}

fn patiently(url: &str, notes: &[cairn_ledger::SignedStatement]) -> Option<Vec<Outcome>> {
    let began = std::time::Instant::now();
    loop {
        match submit(url, notes) {
            Ok(result) => return Some(result.outcomes),
            Err(why) => assert!(began.elapsed() < SOON, "the node stays away: {why}"),
        }
        // The node is down or restarting: the next attempt is not at the speed of a loop.
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn whatever_a_client_was_told_is_in_the_log_afterwards() {
    let mut rng = Rng::new(seed());
    let mut founded = Founded::running(&CODES);
    let speakers: Vec<_> = CODES.iter().map(|code| founded.contributor(code)).collect();
    let urls: Vec<_> = founded.nodes.iter().map(Node::url).collect();
    let stop = AtomicBool::new(false);
    let told: Vec<Told> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|client: usize| {
                let (url, speaker, stop) = (&urls[client % 3], &speakers[client % 3], &stop);
                scope.spawn(move || insist(url, speaker, (client as u64) << 32, stop))
            })
            .collect();
        for _ in 0..20 {
            let which = rng.below(3);
            let size = founded.nodes[which].log(CODES[which]).size;
            founded.nodes[which].holds(CODES[which], size + 1 + rng.between(0, 29));
            founded.nodes[which].kill();
            founded.nodes[which].start();
        }
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    for (node, code) in founded.nodes.iter().zip(CODES) {
        let size = node.log(code).size;
        founded.nodes.iter().for_each(|other| other.holds(code, size));
    }
    founded.agree();
    founded.identical("UNSEC");
    let folder = &founded.nodes[1].folder;
    let logs: BTreeMap<_, _> = CODES.map(|code| (code, read_entries(folder, code))).into();
    let told: Vec<_> = told.into_iter().flatten().collect();
    println!("{} acknowledged", told.len());
    assert!(told.len() > 100);
    for (member, position, entry) in told {
        let held = logs[member.as_str()].get(position as usize);
        assert_eq!(held, Some(&entry), "{member}/{position} was acknowledged");
    }
}
