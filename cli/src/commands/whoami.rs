//! `cairn whoami`: for whom your key speaks, what it may state and what not, and why.

use super::Context;
use super::authority::{kinds_of, state};
use crate::failure::{Answer, Failure, Outcome};
use crate::{describe, print, signing};
use cairn_api::words::scope_words;
use cairn_api::{AuthorityView, KeyView, MemberView};
use cairn_casebook::Fact;
use cairn_keyring::{KeyFile, KeyringError};
use cairn_ledger::{Kind, PublicKey};
use serde_json::json;

/// Yes when the key may state something for its member now.
pub(super) fn run(context: &Context) -> Outcome {
    let (config, key) = (context.home.config_needed()?, own_key(context)?);
    let client = context.client()?;
    let members = client.members()?;
    let Some(member) = members.iter().find(|member| member.code == config.member) else {
        return Err(Failure::no(format!("{} is no member of the node's network", config.member))
            .hint("cairn members lists them; your settings name another network or member"));
    };
    let authority = client.authority(&member.code)?;
    let grant = authority.keys.iter().find(|one| one.key == key);
    let silenced = match grant {
        None => Some(format!("the log of {} does not authorise it", member.code)),
        Some(grant) => grant.silenced(&member.code, signing::now()),
    };
    let answer = if silenced.is_some() { Answer::No } else { Answer::Yes };
    if context.json {
        let may = grant.filter(|_| silenced.is_none()).map(|grant| kinds_of(member.kind, grant));
        let may: Vec<_> = may.unwrap_or_default().into_iter().map(describe::kind).collect();
        print::json(&json!({
            "key": key, "member": member.code, "name": member.name, "size": authority.size,
            "may_speak": silenced.is_none(), "why_not": silenced, "authority": grant,
            "may_state": may, "may_not_state": names(&others(member, grant)),
            "two_people": names(&authority.two_people),
        }));
        return Ok(answer);
    }
    print::line(format!("key         {key}"));
    print::line(format!("member      {} ({})", member.name, member.code));
    match grant {
        Some(grant) => tell(member, grant, &authority, silenced.as_deref()),
        None => {
            print::line(format!("authority   none: the log of {} does not name it", member.code));
            print::remark(format!(
                "hint: the operator runs: cairn-node authorise --data DIR --key {key} --office OFFICE"
            ));
        }
    }
    Ok(answer)
}

/// The public half of the own key; no passphrase is asked for it where its file tells.
fn own_key(context: &Context) -> Result<PublicKey, Failure> {
    if let Some(key) = context.home.config_needed()?.agent {
        return Ok(key);
    }
    let file = match KeyFile::open(&context.home.key_file()) {
        Err(KeyringError::Missing(_)) => return Err(context.home.not_ours_yet()),
        file => file?,
    };
    match file.public() {
        Some(key) => Ok(key),
        None => Ok(file.secret(&mut context.passphrases())?.public()),
    }
}

fn tell(member: &MemberView, grant: &KeyView, authority: &AuthorityView, silenced: Option<&str>) {
    let code = &member.code;
    print::line(format!("office      {}", grant.office));
    let Some(_) = silenced else {
        let at = grant.granted_at;
        print::line(format!("may state   {} (entry {code}/{at})", scope_words(&grant.scope)));
        let others = names(&others(member, Some(grant)));
        if !others.is_empty() {
            print::line(format!("may not     {}", describe::joined(others)));
        }
        let mine = kinds_of(member.kind, grant);
        let two = authority.two_people.iter().filter(|kind| mine.contains(kind)).copied();
        let two = names(&two.collect::<Vec<_>>());
        if !two.is_empty() {
            let two = describe::joined(two);
            print::line(format!("not alone   {two}: a second contributor signs too"));
        }
        return;
    };
    print::line(format!("may state   nothing: {}", state(code, grant)));
}

/// The kinds that it may not state: outside of its scope, or not for a member of this kind.
fn others(member: &MemberView, grant: Option<&KeyView>) -> Vec<Kind> {
    let mine = grant.map(|grant| kinds_of(member.kind, grant)).unwrap_or_default();
    Fact::KINDS.iter().map(|row| row.kind).filter(|kind| !mine.contains(kind)).collect()
}

fn names(kinds: &[Kind]) -> Vec<String> {
    kinds.iter().map(|kind| describe::kind(*kind)).collect()
}
