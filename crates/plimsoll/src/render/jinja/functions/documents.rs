//! YAML and JSON, to text and from it.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::{Outcome, bounded, fault, text};
use crate::render::blocks;
use crate::render::jinja::convert::{from_node, to_node};
use crate::render::jinja::format::yaml_text;
use crate::render::jinja::register::{Function, Piped};
use crate::yaml::{self, Data, Node};

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["toYaml", "to_yaml", "toyaml", "mustToYaml"], Piped::First, (1, 1), |_, args| {
        Ok(Value::from(yaml_text(&args[0])?))
    }),
    Function::new(&["toJson", "to_json", "tojson", "mustToJson", "toRawJson"], Piped::First, (1, 1), |_, args| {
        bounded(serde_json::to_string(&to_node(&args[0])?.to_json()).map_err(|error| fault(error.to_string()))?)
    }),
    Function::new(&["toPrettyJson", "to_pretty_json", "mustToPrettyJson"], Piped::First, (1, 1), pretty),
    Function::new(&["fromYaml", "from_yaml", "mustFromYaml"], Piped::First, (1, 1), |_, args| {
        from_node(&parsed(&args[0])?)
    }),
    Function::new(&["fromYamlArray", "from_yaml_array"], Piped::First, (1, 1), |_, args| {
        let node = parsed(&args[0])?;
        match &node.data {
            Data::Seq(_) => from_node(&node),
            _ => Err(fault("the YAML text is not a list")),
        }
    }),
    Function::new(
        &["fromJson", "from_json", "fromJsonArray", "from_json_array", "mustFromJson"],
        Piped::First,
        (1, 1),
        |_, args| {
            let value: serde_json::Value = serde_json::from_str(&text(&args[0])?)
                .map_err(|error| fault(format!("the text is not JSON: {error}")))?;
            from_node(&Node::from_json(&value))
        },
    ),
];

fn pretty(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let json = to_node(&args[0])?.to_json();
    let text = serde_json::to_string_pretty(&json).map_err(|error| fault(error.to_string()))?;
    // It has lines, so it is placed like a block.
    let text = if text.contains('\n') { blocks::block(&text) } else { text };
    Ok(Value::from(text))
}

fn parsed(value: &Value) -> Result<Node, Error> {
    if value.kind() != ValueKind::String {
        return Err(fault("`fromYaml` takes text"));
    }
    let text = text(value)?;
    let parsed = yaml::parse(&text, 0).map_err(|fault| {
        super::fault(format!("the text is not YAML: {} (line {} of it)", fault.message, fault.line))
    })?;
    Ok(parsed.node)
}
