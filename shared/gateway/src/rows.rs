//! A body of many rows: a JSON array, lines of JSON, or a table with a header (RFC 4180).

use csv::{ReaderBuilder, StringRecord};
use domain::{Column, Failure, Fault, Refusal};
use serde_json::{Map, Value, json};

use crate::Call;
use crate::call::{LARGEST, UNREADABLE, unreadable};

/// One row, or what is wrong with it: the others are none the worse for it.
pub(crate) type Row = Result<Map<String, Value>, Vec<Fault>>;

impl Call {
    /// The rows of the body, at most `most`; `columns` are those that a table may have.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`], and a fault for what has no rows, too many, or columns that nobody knows.
    pub fn rows(&self, columns: &'static [Column], most: usize) -> Result<Vec<Row>, Failure> {
        if self.body.len() > LARGEST {
            return Err(Refusal::TooLarge.into());
        }
        let rows = match self.media_type().as_str() {
            "text/csv" => table(&self.body, columns, most + 1)?,
            "application/x-ndjson" => lines(&self.body, most + 1),
            _ => self.array()?.into_iter().map(object).collect(),
        };
        if rows.is_empty() || rows.len() > most {
            let words = format!("Body must have 1 to {most} rows; send more in several requests");
            return Err(Fault::general(words).into());
        }
        Ok(rows)
    }
}

fn object(value: Value) -> Row {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(vec![Fault::general("Row must be a JSON object")]),
    }
}

fn lines(body: &[u8], most: usize) -> Vec<Row> {
    let lines = body.split(|byte| *byte == b'\n');
    let said = lines.filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    let row = |line: &[u8]| match fhir::parse_json(line) {
        Ok(value) => object(value),
        Err(problem) => Err(vec![unreadable(&problem)]),
    };
    said.take(most).map(row).collect()
}

fn table(body: &[u8], known: &'static [Column], most: usize) -> Result<Vec<Row>, Failure> {
    let no_table = || Fault::general(UNREADABLE);
    let text = std::str::from_utf8(body).map_err(|_| no_table())?;
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| no_table())?.clone();
    let columns = columns(&header, known)?;
    let row = |cells: csv::Result<StringRecord>| match cells {
        Ok(cells) => row(&columns, &cells),
        Err(_) => Err(vec![no_table()]),
    };
    Ok(reader.into_records().take(most).map(row).collect())
}

/// The columns that a header names. One that nobody knows is refused: a misspelt `sendEmail` must not send letters.
fn columns(
    header: &StringRecord,
    known: &'static [Column],
) -> Result<Vec<&'static Column>, Failure> {
    let mut columns: Vec<&Column> = Vec::new();
    for name in header {
        let column = known.iter().find(|column| column.name == name.trim());
        let short: String = name.chars().take(64).collect();
        let column = column.ok_or_else(|| Fault::invalid(&short, "Unknown column"))?;
        if columns.contains(&column) {
            return Err(Fault::invalid(column.name, "Column is there twice").into());
        }
        columns.push(column);
    }
    Ok(columns)
}

/// A row of a table: an empty cell is a field that is not there.
fn row(columns: &[&Column], cells: &StringRecord) -> Row {
    if cells.len() != columns.len() {
        let (given, wanted) = (cells.len(), columns.len());
        let words = format!("Row has {given} cells where the header has {wanted}");
        return Err(vec![Fault::general(words)]);
    }
    let mut row = Map::new();
    for (column, cell) in columns.iter().zip(cells) {
        if cell.contains('\0') {
            let words = "Value cannot contain null bytes";
            return Err(vec![Fault::invalid(column.name, words)]);
        }
        if !cell.is_empty() {
            put(&mut row, column.name, value(column, cell));
        }
    }
    Ok(row)
}

/// Spreadsheets write `TRUE`; anything else in such a column is left as it is, and refused as no flag.
fn value(column: &Column, cell: &str) -> Value {
    match cell.to_ascii_lowercase().as_str() {
        "true" if column.is_flag => true.into(),
        "false" if column.is_flag => false.into(),
        _ => cell.into(),
    }
}

fn put(row: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(row.insert(path.into(), value)),
        Some((field, rest)) => {
            let inner = row.entry(field).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column {
            name: "name",
            is_flag: false,
        },
        Column {
            name: "member.code",
            is_flag: false,
        },
        Column {
            name: "member.admin",
            is_flag: true,
        },
    ];

    fn read(text: &str) -> Vec<Row> {
        table(text.as_bytes(), &COLUMNS, 10).unwrap()
    }

    #[test]
    fn a_table_is_read_as_the_json_that_says_the_same() {
        let rows = read(
            "\u{feff}name,member.code,member.admin\r\n\"Smith, \"\"A\"\"\",7,TRUE\r\n=1+1,,\r\n",
        );
        let first = json!({ "name": "Smith, \"A\"", "member": { "code": "7", "admin": true } });
        assert_eq!(Value::Object(rows[0].clone().unwrap()), first);
        assert_eq!(
            Value::Object(rows[1].clone().unwrap()),
            json!({ "name": "=1+1" })
        );
    }

    #[test]
    fn a_bad_row_is_bad_alone_and_names_its_field() {
        let rows = read("name,member.code\na,b,c\nx\0,1\ngood,1\n\"open,1\n");
        assert!(rows[0].is_err() && rows[3].is_err());
        let fault = &rows[1].as_ref().unwrap_err()[0];
        assert_eq!(fault.expression.as_deref(), Some("name"));
        assert!(rows[2].is_ok());
    }

    #[test]
    fn a_column_that_is_unknown_or_there_twice_is_refused_by_its_name() {
        for header in ["name,nmae\n", "name,name\n"] {
            assert!(table(header.as_bytes(), &COLUMNS, 10).is_err(), "{header}");
        }
    }
}
