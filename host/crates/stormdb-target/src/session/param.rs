//! Parameters: a plugin's values in the binary format of the placeholder's type.

use std::{error::Error, fmt};

use abi_stable::std_types::RStr;
use bytes::{BufMut as _, BytesMut};
use postgres_protocol::{IsNull, types as binary};
use stormdb_plugin_api::Param;
use tokio_postgres::types::{Kind, Type};

use super::numeric;

const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;

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

impl Error for Refused {}

type Encoded = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// Appends the value of a parameter as its placeholder's type.
///
/// # Errors
/// [`Refused`], where that would lose something.
pub(super) fn encode(param: &Param<'_>, placeholder: &Type, out: &mut BytesMut) -> Encoded {
    if let Kind::Domain(inner) = placeholder.kind()
        && !matches!(param, Param::Raw { oid, .. } if *oid == placeholder.oid())
    {
        return encode(param, inner, out);
    }
    match *param {
        Param::Null => return Ok(IsNull::Yes),
        Param::I16(value) => return integer(value.into(), placeholder, out),
        Param::I32(value) => return integer(value.into(), placeholder, out),
        Param::I64(value) => return integer(value, placeholder, out),
        Param::F32(value) => return float(value.into(), placeholder, out),
        Param::F64(value) => return float(value, placeholder, out),
        Param::Text(value) | Param::Json(value) => return text(value.as_str(), placeholder, out),
        Param::I32Array(values) => {
            return array(values.iter().map(|&value| Param::I32(value)), placeholder, out);
        }
        Param::I64Array(values) => {
            return array(values.iter().map(|&value| Param::I64(value)), placeholder, out);
        }
        Param::F64Array(values) => {
            return array(values.iter().map(|&value| Param::F64(value)), placeholder, out);
        }
        Param::TextArray(values) => {
            return array(values.iter().map(|&value| Param::Text(value)), placeholder, out);
        }
        Param::Bool(value) if *placeholder == Type::BOOL => out.put_u8(u8::from(value)),
        Param::Bytes(value) if *placeholder == Type::BYTEA => out.put_slice(value.as_slice()),
        Param::Numeric(value)
            if *placeholder == Type::NUMERIC && numeric::is_decimal(value.as_str()) =>
        {
            numeric::encode(value.as_str(), out);
        }
        Param::Uuid(value) if *placeholder == Type::UUID => out.put_slice(&value),
        Param::TimestampMicros(value)
            if matches!(*placeholder, Type::TIMESTAMP | Type::TIMESTAMPTZ) =>
        {
            match value.checked_sub(EPOCH_MICROS) {
                Some(micros) => out.put_i64(micros),
                None => return refuse(param, placeholder),
            }
        }
        Param::DateDays(value) if *placeholder == Type::DATE => {
            match value.checked_sub(EPOCH_DAYS) {
                Some(days) => out.put_i32(days),
                None => return refuse(param, placeholder),
            }
        }
        Param::Raw { oid, bytes } if oid == placeholder.oid() => out.put_slice(bytes.as_slice()),
        _ => return refuse(param, placeholder),
    }
    Ok(IsNull::No)
}

fn refuse(param: &Param<'_>, placeholder: &Type) -> Encoded {
    let value = format!("{param:?}").chars().take(80).collect();
    Err(Box::new(Refused { value, placeholder: placeholder.name().to_owned() }))
}

fn integer(value: i64, placeholder: &Type, out: &mut BytesMut) -> Encoded {
    let refuse = || refuse(&Param::I64(value), placeholder);
    match *placeholder {
        Type::INT8 => out.put_i64(value),
        Type::INT4 => match i32::try_from(value) {
            Ok(value) => out.put_i32(value),
            Err(_wide) => return refuse(),
        },
        Type::INT2 => match i16::try_from(value) {
            Ok(value) => out.put_i16(value),
            Err(_wide) => return refuse(),
        },
        Type::OID => match u32::try_from(value) {
            Ok(value) => out.put_u32(value),
            Err(_wide) => return refuse(),
        },
        // Integers up to 2^53 are exact in a double.
        #[expect(clippy::cast_precision_loss, reason = "the range is checked")]
        Type::FLOAT8 if value.unsigned_abs() <= 1 << 53 => out.put_f64(value as f64),
        Type::NUMERIC => numeric::encode(&value.to_string(), out),
        _ => return refuse(),
    }
    Ok(IsNull::No)
}

fn float(value: f64, placeholder: &Type, out: &mut BytesMut) -> Encoded {
    match *placeholder {
        Type::FLOAT8 => out.put_f64(value),
        #[expect(clippy::cast_possible_truncation, reason = "the column has this precision")]
        Type::FLOAT4 => out.put_f32(value as f32),
        Type::NUMERIC if value.is_finite() => numeric::encode(&value.to_string(), out),
        _ => return refuse(&Param::F64(value), placeholder),
    }
    Ok(IsNull::No)
}

fn text(value: &str, placeholder: &Type, out: &mut BytesMut) -> Encoded {
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
        _ => return refuse(&Param::Text(RStr::from_str(value)), placeholder),
    }
    Ok(IsNull::No)
}

/// An array in the binary format, its elements encoded as parameters of the element type.
fn array<'a>(
    values: impl ExactSizeIterator<Item = Param<'a>>,
    placeholder: &Type,
    out: &mut BytesMut,
) -> Encoded {
    let Kind::Array(element) = placeholder.kind() else {
        return refuse(&Param::Null, placeholder);
    };
    let dimension = binary::ArrayDimension { len: i32::try_from(values.len())?, lower_bound: 1 };
    binary::array_to_sql(
        Some(dimension),
        element.oid(),
        values,
        |value, out| encode(&value, element, out),
        out,
    )?;
    Ok(IsNull::No)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use stormdb_plugin_api::{Param, params};
    use tokio_postgres::types::Type;

    fn encode(param: &Param<'_>, placeholder: &Type) -> Result<Vec<u8>, String> {
        let mut out = BytesMut::new();
        super::encode(param, placeholder, &mut out)
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
            "I64(1099511627776) does not fit a placeholder of type int4"
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
