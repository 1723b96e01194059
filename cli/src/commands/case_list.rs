//! `cairn case list`: the cases, in short, all pages of them.

use super::Context;
use super::args::word;
use crate::client::encoded;
use crate::describe::DEMONSTRATION;
use crate::failure::{Answer, Outcome};
use crate::print::{self, Rows};
use cairn_api::CaseList;
use cairn_api::route::LIMIT_MAX;
use cairn_casebook::vocabulary::Nature;
use cairn_casebook::{MissionCode, Stage, StateCode, Summary};
use clap::Args;

/// What is typed behind `cairn case list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only cases of this mission
    #[arg(long, value_name = "CODE")]
    mission: Option<MissionCode>,
    /// Only cases that have come this far
    #[arg(long, value_name = "WORD", value_parser = word!(Stage))]
    stage: Option<Stage>,
    /// Only cases that concern this host State
    #[arg(long, value_name = "STATE")]
    state: Option<StateCode>,
    /// So many cases at most; all when nothing is said
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

pub(super) fn run(context: &Context, args: &ListArgs) -> Outcome {
    let client = context.client()?;
    let wanted = args.limit.unwrap_or(usize::MAX);
    let mut filter = String::new();
    let named = [
        ("mission", args.mission.as_ref().map(ToString::to_string)),
        ("stage", args.stage.as_ref().map(ToString::to_string)),
        ("state", args.state.as_ref().map(ToString::to_string)),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            filter.push_str(&format!("{name}={}&", encoded(&value)));
        }
    }
    let mut list = CaseList { total: 0, cases: Vec::new() };
    while list.cases.len() < wanted {
        let limit = wanted.saturating_sub(list.cases.len()).min(LIMIT_MAX);
        let after = list.cases.last().map_or(String::new(), |last| format!("after={}&", last.id));
        let page = client.cases(&format!("{filter}{after}limit={limit}"))?;
        list.total = page.total;
        let before = list.cases.len();
        let last = list.cases.last().map(|last| last.id.clone());
        list.cases.extend(page.cases.into_iter().filter(|case| Some(&case.id) > last.as_ref()));
        if list.cases.len() == before {
            break;
        }
    }
    if context.json {
        print::json(&list);
    } else {
        show(&list);
    }
    Ok(Answer::Yes)
}

fn show(list: &CaseList) {
    let mut rows = Rows::new(&["CASE", "DATE", "MISSION", "STAGE", "KILLED", "STATED BY", "TITLE"]);
    for case in &list.cases {
        let unknown = || "-".to_owned();
        rows.push([
            case.id.to_string(),
            case.incident_date.map_or_else(unknown, |date| date.to_string()),
            case.mission.as_ref().map_or_else(unknown, ToString::to_string),
            case.stage.to_string(),
            case.killed.map_or_else(unknown, |killed| killed.to_string()),
            crate::describe::joined(&case.members),
            title(case),
        ]);
    }
    rows.print();
    let (shown, total) = (list.cases.len(), list.total);
    print::remark(format!("{shown} of {total} cases"));
}

fn title(case: &Summary) -> String {
    let mark = match case.nature {
        Some(Nature::Demonstration) => format!("{DEMONSTRATION} "),
        Some(Nature::Real) | None => String::new(),
    };
    let title = case.title.as_ref().map_or("(not opened here)", |title| title.as_str());
    let contradicted = if case.contradictions > 0 { " (contradicted)" } else { "" };
    format!("{mark}{title}{contradicted}")
}
