//! `cairn init`: makes a contributor's key and settings, and says what the operator does next.

use super::Context;
use super::args::id;
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::Config;
use crate::{describe, print};
use cairn_keyring::Protection;
use cairn_ledger::{Charter, MemberCode, NetworkId, SecretKey};
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
}

pub(super) fn run(context: &Context, args: &InitArgs) -> Outcome {
    let key_file = context.home.key_file();
    if key_file.exists() {
        return Err(Failure::no(format!("there is a key already: {}", key_file.display()))
            .hint("nothing was changed; for a second key name another folder with --home DIR"));
    }
    let node = context.node_named().map(|url| url.trim_end_matches('/').to_owned());
    let network = match (args.network, &node) {
        (Some(network), _) => network,
        (None, Some(url)) => network_of(&Client::new(url)?, &args.member)?,
        (None, None) => {
            return Err(Failure::unknown("which network the key is for is not known").hint(
                "name your member's node with --node URL, or the network with --network ID",
            ));
        }
    };
    let key = cairn_keyring::generate()?;
    let config = Config { member: args.member.clone(), network, node };
    context.home.found(&config, &key, &Protection::Clear)?;
    report(context, args, &config, &key);
    Ok(Answer::Yes)
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

fn report(context: &Context, args: &InitArgs, config: &Config, key: &SecretKey) {
    let (public, network) = (key.public(), config.network);
    let command = format!("cairn-node authorise --data DIR --key {public} --office \"<office>\"");
    if context.json {
        print::json(&serde_json::json!({
            "member": config.member,
            "network": network,
            "key": public,
            "key_file": context.home.key_file(),
            "operator_runs": command,
        }));
        return;
    }
    print::line(format!("your key for {}: {public}", config.member));
    print::line(format!(
        "kept in {}: back it up, show it to nobody",
        context.home.key_file().display()
    ));
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
