//! Parameters: a plugin's values in the binary format of the placeholder's type.

use std::fmt;

use bytes::{BufMut as _, BytesMut};
use postgres_protocol::types as binary;
use stormdb_plugin_api::Param;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use super::numeric;

const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;

/// The host's own copy of a parameter.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    F32(f32),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    Numeric(String),
    Uuid([u8; 16]),
    TimestampMicros(i64),
    DateDays(i32),
    I32Array(Vec<i32>),
    I64Array(Vec<i64>),
    F64Array(Vec<f64>),
    TextArray(Vec<String>),
    Raw { oid: u32, bytes: Vec<u8> },
}

impl From<&Param<'_>> for Value {
    fn from(param: &Param<'_>) -> Self {
        match *param {
            Param::Null => Self::Null,
            Param::Bool(value) => Self::Bool(value),
            Param::I16(value) => Self::Integer(value.into()),
            Param::I32(value) => Self::Integer(value.into()),
            Param::I64(value) => Self::Integer(value),
            Param::F32(value) => Self::F32(value),
            Param::F64(value) => Self::F64(value),
            Param::Text(value) | Param::Json(value) => Self::Text(value.as_str().to_owned()),
            Param::Bytes(value) => Self::Bytes(value.to_vec()),
            Param::Numeric(value) => Self::Numeric(value.as_str().to_owned()),
            Param::Uuid(value) => Self::Uuid(value),
            Param::TimestampMicros(value) => Self::TimestampMicros(value),
            Param::DateDays(value) => Self::DateDays(value),
            Param::I32Array(value) => Self::I32Array(value.to_vec()),
            Param::I64Array(value) => Self::I64Array(value.to_vec()),
            Param::F64Array(value) => Self::F64Array(value.to_vec()),
            Param::TextArray(value) => {
                Self::TextArray(value.iter().map(|text| text.as_str().to_owned()).collect())
            }
            Param::Raw { oid, bytes } => Self::Raw { oid, bytes: bytes.to_vec() },
        }
    }
}

/// A parameter that its placeholder cannot take.
#[derive(Debug)]
pub(super) struct Refused {
    value: String,
    placeholder: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not fit a placeholder of type {}", self.value, self.placeholder)
    }
}

impl std::error::Error for Refused {}

type Encoded = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl Value {
    fn refuse(&self, placeholder: &Type) -> Encoded {
        let value = format!("{self:?}").chars().take(80).collect();
        Err(Box::new(Refused { value, placeholder: placeholder.name().to_owned() }))
    }

    fn integer(&self, value: i64, placeholder: &Type, out: &mut BytesMut) -> Encoded {
        match *placeholder {
            Type::INT8 => out.put_i64(value),
            Type::INT4 => match i32::try_from(value) {
                Ok(value) => out.put_i32(value),
                Err(_wide) => return self.refuse(placeholder),
            },
            Type::INT2 => match i16::try_from(value) {
                Ok(value) => out.put_i16(value),
                Err(_wide) => return self.refuse(placeholder),
            },
            Type::OID => match u32::try_from(value) {
                Ok(value) => out.put_u32(value),
                Err(_wide) => return self.refuse(placeholder),
            },
            // Integers up to 2^53 are exact in a double.
            #[expect(clippy::cast_precision_loss, reason = "the range is checked")]
            Type::FLOAT8 if value.unsigned_abs() <= 1 << 53 => out.put_f64(value as f64),
            Type::NUMERIC => numeric::encode(&value.to_string(), out),
            _ => return self.refuse(placeholder),
        }
        Ok(IsNull::No)
    }

    fn float(&self, value: f64, placeholder: &Type, out: &mut BytesMut) -> Encoded {
        match *placeholder {
            Type::FLOAT8 => out.put_f64(value),
            #[expect(clippy::cast_possible_truncation, reason = "the column has this precision")]
            Type::FLOAT4 => out.put_f32(value as f32),
            Type::NUMERIC if value.is_finite() => numeric::encode(&value.to_string(), out),
            _ => return self.refuse(placeholder),
        }
        Ok(IsNull::No)
    }

    fn text(&self, value: &str, placeholder: &Type, out: &mut BytesMut) -> Encoded {
        match *placeholder {
            Type::JSONB => {
                out.put_u8(1);
                out.put_slice(value.as_bytes());
            }
            Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::UNKNOWN
            | Type::XML
            | Type::JSON => out.put_slice(value.as_bytes()),
            Type::NUMERIC if numeric::is_decimal(value) => numeric::encode(value, out),
            _ if matches!(placeholder.kind(), Kind::Enum(_)) || placeholder.name() == "citext" => {
                out.put_slice(value.as_bytes());
            }
            _ => return self.refuse(placeholder),
        }
        Ok(IsNull::No)
    }
}

/// An array in the binary format, its elements encoded as parameters of the element type.
fn array(
    values: impl ExactSizeIterator<Item = Value>,
    placeholder: &Type,
    out: &mut BytesMut,
) -> Encoded {
    let Kind::Array(element) = placeholder.kind() else {
        return Value::Null.refuse(placeholder);
    };
    let dimension = binary::ArrayDimension { len: i32::try_from(values.len())?, lower_bound: 1 };
    binary::array_to_sql(
        Some(dimension),
        element.oid(),
        values,
        |value, out| match value.to_sql(element, out)? {
            IsNull::Yes => Ok(postgres_protocol::IsNull::Yes),
            IsNull::No => Ok(postgres_protocol::IsNull::No),
        },
        out,
    )?;
    Ok(IsNull::No)
}

impl ToSql for Value {
    fn to_sql(&self, placeholder: &Type, out: &mut BytesMut) -> Encoded {
        if let Kind::Domain(inner) = placeholder.kind()
            && !matches!(self, Self::Raw { oid, .. } if *oid == placeholder.oid())
        {
            return self.to_sql(inner, out);
        }
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Integer(value) => return self.integer(*value, placeholder, out),
            Self::F32(value) => return self.float((*value).into(), placeholder, out),
            Self::F64(value) => return self.float(*value, placeholder, out),
            Self::Text(value) => return self.text(value, placeholder, out),
            Self::I32Array(values) => {
                return array(values.iter().map(|&v| Self::Integer(v.into())), placeholder, out);
            }
            Self::I64Array(values) => {
                return array(values.iter().map(|&v| Self::Integer(v)), placeholder, out);
            }
            Self::F64Array(values) => {
                return array(values.iter().map(|&v| Self::F64(v)), placeholder, out);
            }
            Self::TextArray(values) => {
                return array(values.iter().map(|v| Self::Text(v.clone())), placeholder, out);
            }
            Self::Bool(value) if *placeholder == Type::BOOL => out.put_u8(u8::from(*value)),
            Self::Bytes(value) if *placeholder == Type::BYTEA => out.put_slice(value),
            Self::Numeric(value) if *placeholder == Type::NUMERIC && numeric::is_decimal(value) => {
                numeric::encode(value, out);
            }
            Self::Uuid(value) if *placeholder == Type::UUID => out.put_slice(value),
            Self::TimestampMicros(value)
                if matches!(*placeholder, Type::TIMESTAMP | Type::TIMESTAMPTZ) =>
            {
                match value.checked_sub(EPOCH_MICROS) {
                    Some(micros) => out.put_i64(micros),
                    None => return self.refuse(placeholder),
                }
            }
            Self::DateDays(value) if *placeholder == Type::DATE => {
                match value.checked_sub(EPOCH_DAYS) {
                    Some(days) => out.put_i32(days),
                    None => return self.refuse(placeholder),
                }
            }
            Self::Raw { oid, bytes } if *oid == placeholder.oid() => out.put_slice(bytes),
            _ => return self.refuse(placeholder),
        }
        Ok(IsNull::No)
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use stormdb_plugin_api::{Param, params};
    use tokio_postgres::types::{ToSql as _, Type};

    use super::Value;

    fn encode(param: &Param<'_>, placeholder: &Type) -> Result<Vec<u8>, String> {
        let mut out = BytesMut::new();
        Value::from(param)
            .to_sql(placeholder, &mut out)
            .map(|_| out.to_vec())
            .map_err(|refused| refused.to_string())
    }

    #[test]
    fn integers_take_the_width_of_the_placeholder() {
        let [seven, wide] = params![7_i64, 1_i64 << 40];
        assert_eq!(encode(seven, &Type::INT4), Ok(vec![0, 0, 0, 7]));
        assert_eq!(encode(seven, &Type::INT2), Ok(vec![0, 7]));
        assert_eq!(
            encode(wide, &Type::INT4).unwrap_err(),
            "Integer(1099511627776) does not fit a placeholder of type int4"
        );
    }

    #[test]
    fn text_fits_json_and_not_dates() {
        let [text] = params!["{}"];
        assert_eq!(encode(text, &Type::JSONB), Ok(vec![1, b'{', b'}']));
        assert_eq!(
            encode(text, &Type::DATE).unwrap_err(),
            "Text(\"{}\") does not fit a placeholder of type date"
        );
    }
}
