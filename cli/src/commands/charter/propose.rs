//! `cairn charter propose`: drafts an amendment of the charter in force.

use super::super::Context;
use super::paper::{self, Paper};
use super::{show, sign, text};
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::replace;
use crate::verify::{self, Against};
use crate::{print, signing};
use cairn_ledger::card::Card;
use cairn_ledger::charter::{Ended, PendingCharter, Rules, Witness};
use cairn_ledger::fork::RawFork;
use cairn_ledger::{Charter, Kind, MemberCode, Text, WitnessKey};
use clap::Args;
use std::io::BufReader;
use std::path::PathBuf;

/// What is to be different.
#[derive(Args)]
pub(in crate::commands) struct ProposeArgs {
    /// Where to write the amendment, for those who sign it elsewhere
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The charter to amend, where no node can be asked
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,
    /// A member's card: a new member's, or a member's with new keys
    #[arg(long, value_name = "FILE")]
    card: Vec<PathBuf>,
    /// A member to remove; its log ends with what the node holds of it, or before its fork
    #[arg(long, value_name = "CODE")]
    remove: Vec<MemberCode>,
    /// A witness to add, or one with a new key, as it names itself: NAME+ID+KEY
    #[arg(long, value_name = "VKEY", value_parser = witness)]
    witness: Vec<WitnessKey>,
    /// A witness to remove
    #[arg(long, value_name = "NAME")]
    remove_witness: Vec<Text<120>>,
    /// How many members have to sign a change of members, witnesses or rules
    #[arg(long, value_name = "NUMBER")]
    amend: Option<u16>,
    /// How many members have to sign a change of keys alone
    #[arg(long, value_name = "NUMBER")]
    rotate: Option<u16>,
    /// How many members' cosignatures confirm an entry
    #[arg(long, value_name = "NUMBER")]
    confirm: Option<u16>,
    /// Whether the Secretariat has to be among the signers
    #[arg(long, value_name = "BOOL")]
    secretariat_signs: Option<bool>,
    /// The kinds of statement that need two contributors, by number; `none` for none
    #[arg(long, value_name = "KINDS", value_parser = kinds)]
    two_people: Option<Kinds>,
    #[command(flatten)]
    signing: sign::KeyArgs,
}

#[derive(Clone)]
struct Kinds(Vec<Kind>);

fn kinds(text: &str) -> Result<Kinds, String> {
    if text == "none" {
        return Ok(Kinds(Vec::new()));
    }
    let number =
        |one: &str| one.trim().parse().map(Kind).map_err(|_| format!("{one} is no number"));
    let mut kinds: Vec<_> = text.split(',').map(number).collect::<Result<_, _>>()?;
    kinds.sort_unstable();
    kinds.dedup();
    Ok(Kinds(kinds))
}

fn witness(text: &str) -> Result<WitnessKey, String> {
    text.parse().map_err(|why: cairn_ledger::witness::WitnessKeyError| why.to_string())
}

pub(super) fn run(context: &Context, args: &ProposeArgs) -> Outcome {
    let charter = match &args.charter {
        Some(path) => Paper::of_file(context, path)?.charter,
        None => paper::of_node(context)?,
    };
    let members = members(&charter, args)?;
    let rules = rules(&charter, args, members.len());
    let ended = ended(context, &charter, args)?;
    let now = signing::now();
    let refuse = |why| Failure::no(format!("this cannot be proposed: {why}"));
    let witnesses = witnesses(&charter, args)?;
    let drafted = PendingCharter::amend(&charter, now, rules, &members, witnesses, ended);
    let proposal = drafted.map_err(refuse)?;
    let paper = Paper { charter, proposals: vec![proposal] };
    if args.signing.any() {
        return sign::sign(context, paper, None, &args.signing, Some(&args.out));
    }
    replace(&args.out, &paper.encode())?;
    let proposal = paper.proposal(None)?;
    if context.json {
        print::json(&show::value(&proposal));
        return Ok(Answer::Yes);
    }
    text::change(paper.charter.current(), &proposal);
    print::line(format!(
        "\nwritten to {}; next: `cairn charter sign {} --root-key FILE`, by {} members",
        args.out.display(),
        args.out.display(),
        proposal.needed()
    ));
    Ok(Answer::Yes)
}

/// Signed cards of everybody who is to be a member.
fn members(charter: &Charter, args: &ProposeArgs) -> Result<Vec<Vec<u8>>, Failure> {
    let mut all: Vec<(MemberCode, Vec<u8>)> = Vec::new();
    for (card, bytes) in charter.members().iter().zip(charter.signed_cards()) {
        all.push((card.code.clone(), bytes.to_vec()));
    }
    for path in &args.card {
        let bytes = paper::read(path)?;
        let card = Card::verify(&bytes)
            .map_err(|why| Failure::no(format!("{}: {why}", path.display())))?;
        all.retain(|(code, _)| *code != card.code);
        all.push((card.code, bytes));
    }
    for code in &args.remove {
        if !all.iter().any(|(held, _)| held == code) {
            return Err(Failure::no(format!("{code} is no member")));
        }
        all.retain(|(held, _)| held != code);
    }
    Ok(all.into_iter().map(|(_, bytes)| bytes).collect())
}

fn witnesses(charter: &Charter, args: &ProposeArgs) -> Result<Vec<Witness>, Failure> {
    let mut all = charter.witnesses().to_vec();
    for name in &args.remove_witness {
        if !all.iter().any(|one| one.name == *name) {
            return Err(Failure::no(format!("{name} is no witness")));
        }
        all.retain(|one| one.name != *name);
    }
    for new in &args.witness {
        let name = Text::new(new.name())
            .map_err(|why| Failure::no(format!("the witness's name: {why}")))?;
        all.retain(|one| one.name != name);
        all.push(Witness { name, key: *new.key() });
    }
    all.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    Ok(all)
}

/// The rules as they are to be. Thresholds of more than two thirds follow the number of members.
fn rules(charter: &Charter, args: &ProposeArgs, members: usize) -> Rules {
    let (mut rules, before) = (charter.rules().clone(), charter.members().len());
    let (was, will) = (Rules::two_thirds_of(before), Rules::two_thirds_of(members));
    let follow = |rule: &mut u16, was: u16, will: u16, said: Option<u16>| {
        if *rule == was {
            *rule = will;
        }
        *rule = said.unwrap_or(*rule);
    };
    follow(&mut rules.amend, was.amend, will.amend, args.amend);
    follow(&mut rules.rotate, was.rotate, will.rotate, args.rotate);
    follow(&mut rules.confirm, was.confirm, will.confirm, args.confirm);
    rules.secretariat_signs = args.secretariat_signs.unwrap_or(rules.secretariat_signs);
    if let Some(Kinds(kinds)) = &args.two_people {
        rules.two_people.clone_from(kinds);
    }
    rules
}

/// Where the logs of those who are removed end: with what the node holds of them.
fn ended(context: &Context, charter: &Charter, args: &ProposeArgs) -> Result<Vec<Ended>, Failure> {
    let mut ended = charter.ended().to_vec();
    if args.remove.is_empty() {
        return Ok(ended);
    }
    let client = context.client()?;
    let status = client.status()?;
    for member in &args.remove {
        let log = status.logs.iter().find(|log| log.member == *member);
        let log = log.ok_or_else(|| Failure::no(format!("the node holds no log of {member}")))?;
        let member = member.clone();
        ended.push(match client.fork(&member)? {
            Some(proof) => ended_by_fork(&client, charter, member, &proof)?,
            None if log.promised > log.size => return Err(lacks(&member)),
            None => Ended { member, size: log.size, root: log.root },
        });
    }
    Ok(ended)
}

fn lacks(member: &MemberCode) -> Failure {
    Failure::no(format!("the node does not hold all of the log of {member}"))
        .hint("`cairn status` says why; propose it at a node that does")
}

/// A forked log ends where its histories part: what stands of it is the same everywhere.
fn ended_by_fork(
    client: &Client,
    charter: &Charter,
    member: MemberCode,
    proof: &[u8],
) -> Result<Ended, Failure> {
    let refuse =
        |why: String| Failure::no(format!("the node's copy of the log of {member}: {why}"));
    let fork = RawFork::decode(proof).map_err(|why| refuse(why.to_string()))?;
    let fork = fork.verify(charter).map_err(|why| refuse(why.to_string()))?;
    let size = fork.position();
    let (source, _) = client.export(&member)?;
    let against = Against::network(charter.network());
    let log = verify::verify(BufReader::new(source), &against, &[size].into(), |_| ());
    let log = log.map_err(|why| refuse(why.to_string()))?;
    match log.roots.get(&size).filter(|_| *fork.log() == member && log.member == member) {
        Some(root) => Ok(Ended { member, size, root: *root }),
        None => Err(lacks(&member)),
    }
}
