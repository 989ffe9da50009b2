//! The call graph of a program, so that no evaluation can recurse.
//!
//! The register machine descends into a called rule on the thread's own stack: a cycle, or some
//! thousand nested calls, ends the process. Neither can be caught, so both are refused here.

use std::collections::BTreeSet;

use regorus::rvm::Instruction;
use regorus::rvm::program::Program;

/// How many rules may call one another in a row; far from what a 2 MiB stack bears.
const MAX_DEPTH: usize = 64;

/// Says what is wrong with the calls of a program, if anything is.
pub(super) fn check(program: &Program) -> Result<(), String> {
    let edges: Vec<BTreeSet<usize>> = (0..program.rule_infos.len()).map(|rule| callees(program, rule)).collect();
    let mut search = Search { edges: &edges, heights: vec![None; edges.len()], path: Vec::new() };
    for rule in 0..edges.len() {
        let height = search.height(rule).map_err(|cycle| {
            let names: Vec<&str> = cycle.iter().filter_map(|rule| name(program, *rule)).collect();
            format!("rules call one another in a circle: {}", names.join(" → "))
        })?;
        if height > MAX_DEPTH {
            let name = name(program, rule).unwrap_or_default();
            return Err(format!("`{name}` calls through more than {MAX_DEPTH} rules in a row"));
        }
    }
    Ok(())
}

fn name(program: &Program, rule: usize) -> Option<&str> {
    let name = program.rule_infos.get(rule)?.name.as_str();
    Some(name.rsplit('.').next().unwrap_or(name))
}

fn callees(program: &Program, rule: usize) -> BTreeSet<usize> {
    let info = &program.rule_infos[rule];
    let starts = info.definitions.iter().flatten().chain(info.destructuring_blocks.iter().flatten());
    let mut found = BTreeSet::new();
    for start in starts {
        for instruction in program.instructions.iter().skip(*start as usize) {
            match instruction {
                Instruction::CallRule { rule_index, .. } => {
                    found.insert(usize::from(*rule_index));
                }
                Instruction::FunctionCall { params_index } => {
                    let called = program.instruction_data.get_function_call_params(*params_index);
                    found.extend(called.map(|called| usize::from(called.func_rule_index)));
                }
                Instruction::RuleReturn { .. } | Instruction::DestructuringSuccess { .. } => break,
                _ => {}
            }
        }
    }
    found
}

struct Search<'a> {
    edges: &'a [BTreeSet<usize>],
    heights: Vec<Option<usize>>,
    path: Vec<usize>,
}

impl Search<'_> {
    /// How many rules stand below one, itself included; a circle if there is one.
    ///
    /// Iterative, because the depth is what is being bounded.
    fn height(&mut self, start: usize) -> Result<usize, Vec<usize>> {
        self.path.push(start);
        while let Some(&rule) = self.path.last() {
            let open = self.edges.get(rule).into_iter().flatten().find(|callee| self.known(**callee).is_none());
            if let Some(&callee) = open {
                if let Some(at) = self.path.iter().position(|on_path| *on_path == callee) {
                    let mut cycle = self.path.split_off(at);
                    cycle.push(callee);
                    return Err(cycle);
                }
                self.path.push(callee);
            } else {
                let below = self.edges.get(rule).into_iter().flatten().filter_map(|callee| self.known(*callee)).max();
                if let Some(height) = self.heights.get_mut(rule) {
                    *height = Some(1 + below.unwrap_or(0));
                }
                self.path.pop();
            }
        }
        Ok(self.known(start).unwrap_or_default())
    }

    fn known(&self, rule: usize) -> Option<usize> {
        self.heights.get(rule).copied().unwrap_or(Some(0))
    }
}
