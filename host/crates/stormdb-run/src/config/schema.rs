//! The JSON Schema of the configuration, for editors and for the check of every layer.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use super::raw::RawConfig;

/// The schema that `stormdb config schema` prints (JSON Schema draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut settings =
        SchemaSettings::draft2020_12().with_transform(RecursiveTransform(without_null));
    // With the parts in place, the path of a violation leads straight to the allowed keys.
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<RawConfig>();
    schema.insert("title".to_owned(), "StormDB configuration".into());
    schema.to_value()
}

/// A key without a value is a slip, not a choice: `null` leaves the alternatives that `Option` puts
/// it in.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(allowed)) = schema.get_mut("enum") {
        allowed.retain(|value| !value.is_null());
    }
    let Some(Value::Array(alternatives)) = schema.get_mut("anyOf") else { return };
    alternatives.retain(|alternative| alternative.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(only)] = alternatives.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            // The description of the field says more than that of its type.
            if schema.get(&key).is_none() {
                schema.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::schema;

    /// The check promises that what passes it deserialises: an integer without bounds could
    /// overflow its Rust type.
    #[test]
    fn every_integer_is_bounded_on_both_sides() {
        fn visit(path: &str, value: &Value, unbounded: &mut Vec<String>) {
            if let Value::Object(map) = value {
                let bounded = map.contains_key("minimum") && map.contains_key("maximum");
                if map.get("type").is_some_and(|name| name == "integer") && !bounded {
                    unbounded.push(path.to_owned());
                }
                for (key, child) in map {
                    visit(&format!("{path}/{key}"), child, unbounded);
                }
            }
        }
        let mut unbounded = Vec::new();
        visit("", &schema(), &mut unbounded);
        // The parser itself yields nothing beyond 64 bits.
        assert_eq!(unbounded, ["/properties/seed"]);
    }

    #[test]
    fn no_key_takes_null_and_every_group_is_closed() {
        let schema = schema();
        assert!(!schema.to_string().contains("null"));
        for group in ["", "/properties/database", "/properties/progressive", "/properties/plugins"]
        {
            let closed = schema.pointer(&format!("{group}/additionalProperties"));
            assert_eq!(closed, Some(&Value::Bool(false)), "{group}");
        }
    }
}
