//! `cairn init`: makes a contributor's key and settings, and says what the operator does next.

use super::Context;
use super::args::id;
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::Config;
use crate::{describe, print};
use cairn_keyring::{Agent, AgentKey, Protection};
use cairn_ledger::{Charter, MemberCode, NetworkId, PublicKey};
use clap::Args;

/// What is typed behind `cairn init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The member for whom you make statements: COD, UNSEC, MONUSCO
    #[arg(long, value_name = "CODE")]
    member: MemberCode,
    /// The network's id, where no node can be asked
    #[arg(long, value_name = "ID", value_parser = id::<NetworkId>)]
    network: Option<NetworkId>,
    /// Leave the key in the clear: whoever has the file can speak in your name
    #[arg(long)]
    no_passphrase: bool,
    /// Use a key that is in your ssh-agent, and make no file
    #[arg(long, conflicts_with = "no_passphrase")]
    agent: bool,
    /// Which of the agent's keys: its SHA256:... fingerprint or its comment
    #[arg(long, value_name = "KEY", requires = "agent")]
    agent_key: Option<String>,
}

pub(super) fn run(context: &Context, args: &InitArgs) -> Outcome {
    context.home.check_has_no_key()?;
    let node = context.node_named().map(|url| url.trim_end_matches('/').to_owned());
    let network = match (args.network, &node) {
        (Some(network), _) => network,
        (None, Some(url)) => network_of(&context.client_at(url)?, &args.member)?,
        (None, None) => {
            return Err(Failure::unknown("which network the key is for is not known").hint(
                "name your member's node with --node URL, or the network with --network ID",
            ));
        }
    };
    let mut config = Config { member: args.member.clone(), network, node, agent: None };
    let made = if args.agent {
        let key = Agent::of_environment()?.choose(args.agent_key.as_deref())?;
        let public = key.public.ok_or_else(|| Failure::no("the agent's key is not Ed25519"))?;
        config.agent = Some(public);
        context.home.settle(&config)?;
        Made { public, kept: Kept::Agent(key) }
    } else {
        let protection = protection(context, args)?;
        let key = cairn_keyring::generate()?;
        context.home.found(&config, &key, &protection)?;
        Made { public: key.public(), kept: Kept::File { clear: protection == Protection::Clear } }
    };
    report(context, args, &config, &made);
    Ok(Answer::Yes)
}

/// A contributor's new key, and where it is.
struct Made {
    public: PublicKey,
    kept: Kept,
}

enum Kept {
    File { clear: bool },
    Agent(AgentKey),
}

fn protection(context: &Context, args: &InitArgs) -> Result<Protection, Failure> {
    match (args.no_passphrase, context.has_passphrase_file()) {
        (false, _) => {}
        (true, false) => return Ok(Protection::Clear),
        (true, true) => {
            return Err(Failure::unknown(
                "a passphrase file is named, and --no-passphrase is said",
            )
            .hint("say one of the two; CAIRN_PASSPHRASE_FILE names a file too"));
        }
    }
    Ok(context.passphrases().choose(&format!("your key for {}", args.member))?)
}

/// The network of the node's charter, which has to be in force and to list the member.
fn network_of(client: &Client, member: &MemberCode) -> Result<NetworkId, Failure> {
    let charter = Charter::verify(&client.charter()?, None).map_err(|error| {
        Failure::no(format!("the charter of the node at {} is refused: {error}", client.address()))
    })?;
    if charter.member(member).is_some() {
        return Ok(charter.network());
    }
    let members = describe::joined(charter.members().iter().map(|card| &card.code));
    Err(Failure::no(format!("{member} is not a member of {}", charter.name()))
        .hint(format!("its members are {members}")))
}

fn report(context: &Context, args: &InitArgs, config: &Config, made: &Made) {
    let (public, network) = (made.public, config.network);
    let command = format!("cairn-node authorise --data DIR --key {public} --office \"<office>\"");
    let key_file = context.home.key_file();
    if context.json {
        let (file, encrypted, fingerprint) = match &made.kept {
            Kept::File { clear } => (Some(key_file), Some(!clear), None),
            Kept::Agent(key) => (None, None, Some(&key.fingerprint)),
        };
        print::json(&serde_json::json!({
            "member": config.member,
            "network": network,
            "key": public,
            "key_file": file,
            "encrypted": encrypted,
            "agent_key": fingerprint,
            "operator_runs": command,
        }));
        return;
    }
    print::line(format!("your key for {}: {public}", config.member));
    match &made.kept {
        Kept::Agent(key) => print::line(format!(
            "kept in your ssh-agent: {} {}; every signature asks it",
            key.fingerprint, key.comment
        )),
        Kept::File { clear } => {
            print::line(format!("kept in {}: back it up, show it to nobody", key_file.display()));
            if *clear {
                print::line("it is in the clear: `cairn key passphrase` encrypts it");
            }
        }
    }
    print::line(format!("network: {network}"));
    if args.network.is_none() {
        print::line(
            "the node named this network: compare the id with the one your operator gave you",
        );
    }
    print::line(format!(
        "\nask the operator of {}'s node to run, with its data folder as DIR:",
        config.member
    ));
    print::line(format!("    {command}"));
}
