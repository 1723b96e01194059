//! `cairn authority`: who may say what for whom, and why: by the members' own logs.

use super::Context;
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::{describe, print, signing};
use cairn_api::words::{marked_words, scope_words, short};
use cairn_api::{AuthorityView, KeyState, KeyView, MemberView, StepView};
use cairn_casebook::rules::may_ever_state;
use cairn_casebook::{CaseId, Fact, MissionCode};
use cairn_ledger::charter::MemberKind;
use cairn_ledger::{Kind, MemberCode, PublicKey, Topic};
use clap::Args;
use serde_json::{Value, json};

/// The least digits of a key by which it can be named.
const DIGITS_MIN: usize = 6;

/// What is typed behind `cairn authority`.
#[derive(Debug, Args)]
pub(super) struct AuthorityArgs {
    /// A key, or its first digits; all keys when none is named
    #[arg(value_parser = digits)]
    key: Option<String>,
    /// Only what this member's log says
    #[arg(long, value_name = "CODE")]
    member: Option<MemberCode>,
    /// Who may state what about this case now
    #[arg(long, value_name = "CASE", conflicts_with = "key")]
    case: Option<CaseId>,
}

fn digits(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hexadecimal && (DIGITS_MIN..=64).contains(&text.len()) {
        Ok(text)
    } else {
        Err(format!("expected a key, or at least its first {DIGITS_MIN} digits"))
    }
}

/// A member, and what its log says of keys.
struct Said {
    member: MemberView,
    authority: AuthorityView,
}

pub(super) fn run(context: &Context, args: &AuthorityArgs) -> Outcome {
    let client = context.client()?;
    let mut members = client.members()?;
    if let Some(code) = &args.member {
        members.retain(|member| member.code == *code);
        if members.is_empty() {
            return Err(Failure::no(format!("{code} is no member of the node's network"))
                .hint("cairn members lists them"));
        }
    }
    match (&args.key, &args.case) {
        (Some(key), _) => of_key(context, &client, members, key),
        (None, Some(case)) => about_case(context, &client, members, case),
        (None, None) => all(context, &ask(&client, members)?),
    }
}

fn ask(client: &Client, members: Vec<MemberView>) -> Result<Vec<Said>, Failure> {
    let one = |member: MemberView| {
        let authority = client.authority(&member.code)?;
        Ok(Said { member, authority })
    };
    members.into_iter().map(one).collect()
}

/// Everything that logs say of keys.
fn all(context: &Context, said: &[Said]) -> Outcome {
    if context.json {
        let views: Vec<_> = said.iter().map(|one| &one.authority).collect();
        print::json(&json!({ "members": views }));
        return Ok(Answer::Yes);
    }
    for Said { member, authority } in said {
        if authority.keys.is_empty() {
            continue;
        }
        print::heading(format!("{} ({})", member.name, member.code));
        authority.keys.iter().for_each(|key| line(&member.code, key));
        let kinds = describe::joined(authority.two_people.iter().map(|kind| describe::kind(*kind)));
        if !kinds.is_empty() {
            print::line(format!("  two people sign: {kinds}"));
        }
        print::line("");
    }
    let silent = said.iter().filter(|one| one.authority.keys.is_empty());
    let silent = describe::joined(silent.map(|one| &one.member.code));
    if !silent.is_empty() {
        print::line(format!("nobody speaks for {silent} yet"));
    }
    Ok(Answer::Yes)
}

fn line(member: &MemberCode, key: &KeyView) {
    print::line(format!("  {}  {}  {}", short(&key.key), key.office, state(member, key)));
}

/// What a key may state, or why it may not.
pub(super) fn state(member: &MemberCode, key: &KeyView) -> String {
    let scope = format!("{} (entry {member}/{})", scope_words(&key.scope), key.granted_at);
    match key.silenced(member, signing::now()) {
        Some(why) => format!("{why}; was authorised for {scope}"),
        None => scope,
    }
}

/// The history of one key in every log that names it. No when none does.
fn of_key(context: &Context, client: &Client, members: Vec<MemberView>, digits: &str) -> Outcome {
    let matches = |key: &PublicKey| key.to_string().starts_with(digits);
    let roles: Vec<_> = members.iter().flat_map(|member| role(member, matches)).collect();
    let names = |member: &MemberView| member.contributors.iter().any(|one| matches(&one.key));
    let naming = members.into_iter().filter(names).collect();
    let mut said = ask(client, naming)?;
    for one in &mut said {
        one.authority.keys.retain(|key| matches(&key.key));
    }
    let found = said.iter().flat_map(|one| &one.authority.keys).map(|key| key.key);
    let mut keys: Vec<_> = found.chain(roles.iter().map(|(_, _, key)| *key)).collect();
    keys.sort_unstable();
    keys.dedup();
    if let [_, _, ..] = keys.as_slice() {
        return Err(Failure::unknown(format!("{digits} is the beginning of several keys"))
            .hint(format!("name more digits: {}", describe::joined(keys))));
    }
    let Some(key) = keys.first() else {
        if context.json {
            print::json(&json!({ "key": digits, "authorised_by": [], "roles": [] }));
            return Ok(Answer::No);
        }
        print::line(format!("no log that this node holds names a key {digits}"));
        return Ok(Answer::No);
    };
    if context.json {
        print::json(&key_value(key, &said, &roles));
        return Ok(Answer::Yes);
    }
    print::heading(format!("key {key}"));
    for (member, role, _) in &roles {
        print::line(format!("the {role} key of {member}, by the charter: no contributor's"));
    }
    for Said { member, authority } in &said {
        let name = format!("{} ({})", member.name, member.code);
        for key in &authority.keys {
            print::line(format!("{name}: {}, {}", key.office, state(&member.code, key)));
            history(&member.code, key);
        }
    }
    Ok(Answer::Yes)
}

/// What a member's card has a key for.
fn role(
    member: &MemberView,
    matches: impl Fn(&PublicKey) -> bool,
) -> Vec<(MemberCode, &'static str, PublicKey)> {
    let roles = member.keys.by_role().into_iter().filter(|(_, key)| matches(key));
    roles.map(|(role, key)| (member.code.clone(), role, key)).collect()
}

fn key_value(key: &PublicKey, said: &[Said], roles: &[(MemberCode, &str, PublicKey)]) -> Value {
    let by = said.iter().flat_map(|one| {
        one.authority.keys.iter().map(|key| json!({ "member": one.member.code, "authority": key }))
    });
    let roles = roles.iter().map(|(member, role, _)| json!({ "member": member, "role": role }));
    json!({
        "key": key,
        "authorised_by": by.collect::<Vec<_>>(),
        "roles": roles.collect::<Vec<_>>(),
    })
}

fn history(member: &MemberCode, key: &KeyView) {
    if key.forgotten > 0 {
        let log = format!("the log of {member} has them");
        print::line(format!("  {} earlier steps are not listed here: {log}", key.forgotten));
    }
    for step in &key.history {
        let (place, at) = (format!("{member}/{}", step.position), signing::moment(step.made_at));
        print::line(format!("  {place:<12} {at}  {}", step_words(step)));
    }
    for range in &key.marked {
        print::line(format!("  {}", marked_words(member, range)));
    }
}

fn step_words(step: &StepView) -> String {
    let reason = step.reason.as_deref().unwrap_or_default();
    match (step.state, &step.scope) {
        (KeyState::InForce, Some(scope)) => {
            let office = step.office.as_deref().unwrap_or_default();
            format!("authorised as {office} for {}", scope_words(scope))
        }
        (KeyState::InForce, None) => "authorised".into(),
        (KeyState::Suspended, _) => format!("suspended: {reason}"),
        (KeyState::Revoked, _) => format!("revoked: {reason}"),
        (KeyState::Compromised, _) => {
            let since = step.since.map_or(String::new(), signing::moment);
            format!("revoked as compromised since {since}: {reason}")
        }
    }
}

/// Who may state what about a case now. No when nobody may.
fn about_case(
    context: &Context,
    client: &Client,
    members: Vec<MemberView>,
    case: &CaseId,
) -> Outcome {
    let missions = client.case(case)?.missions;
    let said = ask(client, members)?;
    let may = |one: &Said| -> Vec<(MemberCode, KeyView, Vec<Kind>)> {
        let (code, kind) = (&one.member.code, one.member.kind);
        let keys = one.authority.keys.iter();
        let keys = keys.filter(|key| key.silenced(code, signing::now()).is_none());
        let keys = keys.filter(|key| covers(&key.scope.topics, case, &missions));
        keys.map(|key| (code.clone(), key.clone(), kinds_of(kind, key))).collect()
    };
    let found: Vec<_> =
        said.iter().flat_map(may).filter(|(_, _, kinds)| !kinds.is_empty()).collect();
    let answer = if found.is_empty() { Answer::No } else { Answer::Yes };
    if context.json {
        let one = |(member, key, kinds): &(MemberCode, KeyView, Vec<Kind>)| {
            let kinds: Vec<_> = kinds.iter().map(|kind| describe::kind(*kind)).collect();
            json!({
                "member": member, "key": key.key, "office": key.office,
                "granted_at": key.granted_at, "kinds": kinds,
            })
        };
        let may: Vec<_> = found.iter().map(one).collect();
        print::json(&json!({ "case": case, "missions": missions, "may_state": may }));
        return Ok(answer);
    }
    print::heading(format!("who may speak about {case} ({})", describe::joined(&missions)));
    for (member, key, kinds) in &found {
        let (short, at) = (short(&key.key), key.granted_at);
        print::line(format!("  {member}  {short}  {}  (entry {member}/{at})", key.office));
        let kinds = describe::joined(kinds.iter().map(|kind| describe::kind(*kind)));
        print::line(format!("      {kinds}"));
    }
    if found.is_empty() {
        print::line("nobody: no key in force covers it");
    }
    Ok(answer)
}

/// Whether a scope of these topics covers a case of these missions.
fn covers(topics: &[Topic], case: &CaseId, missions: &[MissionCode]) -> bool {
    let listed = |topic: &Topic| topics.contains(topic);
    topics.is_empty()
        || listed(&case.topic())
        || missions.iter().any(|mission| listed(&mission.topic()))
}

/// The kinds that a key may state for a member of this kind.
pub(super) fn kinds_of(member: MemberKind, key: &KeyView) -> Vec<Kind> {
    let scope = &key.scope.kinds;
    let known = Fact::KINDS.iter().map(|row| row.kind);
    let known = known.filter(|kind| scope.is_empty() || scope.contains(kind));
    known.filter(|kind| may_ever_state(member, *kind)).collect()
}
