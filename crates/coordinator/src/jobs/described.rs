//! Orders for files that are only described: of the right size, with a stand-in for every block.

use adit_core::assemble::Run;
use adit_core::content_id::block_cid;
use adit_core::kernel::float;
use adit_core::kernel::gradient::Layout;
use adit_core::kind::{GradientI8, HashTree, HashTree2, MatmulF32, MatmulI8, MlpI8};
use adit_core::split::whole_panel_rows;
use adit_core::unit::{Layer, MAX_COLS, MAX_ROWS, Operand, Requant};
use adit_core::{Kind, Unit};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::FileContent;

use crate::error::Refusal;
use crate::jobs::intake::input_panel_rows;
use crate::jobs::order::{Order, data_panel_bytes};
use crate::jobs::unit_of;

/// The most panels of an operand. Files that can be uploaded have fewer.
const MAX_PANELS: u32 = 1 << 20;
/// The largest data set, in bytes: what an operand can count.
const MAX_BYTES: u64 = u32::MAX as u64;
/// A scale, where a model has one.
const SCALE: Requant = Requant { multiplier: 1, shift: 1 };
/// A source, where data is elsewhere.
const ELSEWHERE: &str = "https://described.example";

/// The order for files with this content, in the order in which a job of the kind names them.
pub(super) fn described(kind: Kind, files: &[FileContent]) -> Result<Order, Refusal> {
    let template = match (kind, files) {
        (Kind::MatmulI8, [a, b]) => product(matrix(a)?, matrix(b)?)?,
        (Kind::MatmulF32, [a, b]) => float_product(floats(a)?, floats(b)?)?,
        (Kind::MlpI8, [FileContent::Model { dims }, input]) => inference(dims, matrix(input)?)?,
        (Kind::GradientI8, [FileContent::Model { dims }, input, targets]) => {
            gradient(dims, matrix(input)?, matrix(targets)?)?
        }
        (Kind::HashTree, [FileContent::Data { bytes, .. }]) => {
            let bytes = size(*bytes)?;
            Unit::HashTree(HashTree { data: operand((bytes, 1), data_panel_bytes(bytes))?, source: None })
        }
        (Kind::HashTree2, [FileContent::Blocks { blocks, bytes }]) => {
            let bytes = size(*bytes)?;
            let data = operand((bytes, 1), bytes.div_ceil((*blocks).max(1)))?;
            Unit::HashTree2(HashTree2 { data, source: ELSEWHERE.into() })
        }
        _ => return Err(unfit(format!("these are not the files of {kind}"))),
    };
    // A job can be leased if its smallest unit can.
    unit_of(&template, Run { first: 0, count: 1 }).validate().map_err(|error| unfit(error.to_string()))?;
    Ok(Order::new(template, Vec::new()))
}

/// Rows and columns.
type Shape = (u32, u32);

fn product(a: Shape, b: Shape) -> Result<Unit, Refusal> {
    let rows = input_panel_rows(a.0, a.1, u64::from(b.1));
    Ok(Unit::MatmulI8(MatmulI8 { a: operand(a, rows)?, b: whole(b)? }))
}

fn float_product(a: Shape, b: Shape) -> Result<Unit, Refusal> {
    if a.1 > float::MAX_K || b.1 > MAX_COLS / 4 {
        return Err(unfit(format!("k is at most {}, and B has at most {} columns", float::MAX_K, MAX_COLS / 4)));
    }
    let bytes = |(rows, cols): Shape| (rows, 4 * cols);
    let rows = input_panel_rows(a.0, 4 * a.1, u64::from(b.1));
    Ok(Unit::MatmulF32(MatmulF32 { a: operand(bytes(a), rows)?, b: whole(bytes(b))? }))
}

fn inference(dims: &[u32], input: Shape) -> Result<Unit, Refusal> {
    let layers = layers(dims, |index| (index + 2 < dims.len(), false))?;
    let width = dims.iter().skip(1).map(|outputs| u64::from(*outputs)).sum();
    let rows = input_panel_rows(input.0, input.1, width);
    Ok(Unit::MlpI8(MlpI8 { x: operand(input, rows)?, layers }))
}

fn gradient(dims: &[u32], input: Shape, targets: Shape) -> Result<Unit, Refusal> {
    let layers = layers(dims, |index| (true, index > 0))?;
    let layout = Layout::new(dims.windows(2).map(|pair| (pair[0] as usize, pair[1] as usize)));
    let rows = input_panel_rows(input.0, input.1.max(targets.1), layout.row_width() as u64);
    Ok(Unit::GradientI8(GradientI8 { x: operand(input, rows)?, t: operand(targets, rows)?, layers }))
}

/// A layer between every two of `dims`; `scales` says whether layer `index` scales sums on, and errors back.
fn layers(dims: &[u32], scales: impl Fn(usize) -> (bool, bool)) -> Result<Vec<Layer>, Refusal> {
    let layer = |(index, pair): (usize, &[u32])| {
        let (requant, back) = scales(index);
        let scale = |wanted: bool| wanted.then_some(SCALE);
        let weight = whole((pair[0], pair[1]))?;
        Ok(Layer { weight, bias: block_cid(b""), requant: scale(requant), back: scale(back) })
    };
    dims.windows(2).enumerate().map(layer).collect()
}

fn whole(shape: Shape) -> Result<Operand, Refusal> {
    operand(shape, whole_panel_rows(shape.1))
}

fn operand((rows, cols): Shape, panel_rows: u32) -> Result<Operand, Refusal> {
    let panels = rows.div_ceil(panel_rows.max(1));
    if rows == 0 || cols == 0 || panels > MAX_PANELS || (cols > 1 && rows > MAX_ROWS) {
        return Err(unfit(format!("{rows} x {cols} is outside of 1 to {MAX_ROWS} rows and 1 to {MAX_COLS} columns")));
    }
    Ok(Operand { rows, cols, panel_rows, panels: vec![block_cid(b""); panels as usize] })
}

fn matrix(content: &FileContent) -> Result<Shape, Refusal> {
    match content {
        FileContent::Matrix { rows, cols } | FileContent::Samples { rows, cols } => Ok((*rows, *cols)),
        _ => Err(unfit("a file is no matrix of integers".into())),
    }
}

fn floats(content: &FileContent) -> Result<Shape, Refusal> {
    match content {
        FileContent::Floats { rows, cols } => Ok((*rows, *cols)),
        _ => Err(unfit("a file is no matrix of float32".into())),
    }
}

fn size(bytes: u64) -> Result<u32, Refusal> {
    u32::try_from(bytes).map_err(|_| unfit(format!("a data set has at most {MAX_BYTES} bytes")))
}

fn unfit(detail: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidShape, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::intake::{Format, Parsed, parse};

    fn samples(rows: usize, cols: usize) -> Parsed {
        let line = vec!["1"; cols].join(",");
        parse(Format::Csv, vec![line; rows].join("\n").as_bytes()).unwrap()
    }

    #[test]
    fn a_description_costs_what_its_files_cost() {
        for (m, k, n) in [(1, 1, 1), (7, 30, 11), (600, 40, 3)] {
            let (a, b) = (samples(m, k), samples(k, n));
            let files = [a.content(), b.content()];
            assert_eq!(
                described(Kind::MatmulI8, &files).unwrap().estimate(),
                Order::matmul(a, b).unwrap().estimate(),
                "{m} x {k} x {n}"
            );
        }
        for bytes in [1usize, 1023, 1 << 20, 3_000_000] {
            let data = parse(Format::Data, &vec![7; bytes]).unwrap();
            let files = [data.content()];
            assert_eq!(
                described(Kind::HashTree, &files).unwrap().estimate(),
                Order::data(data).unwrap().estimate(),
                "{bytes} bytes"
            );
        }
    }

    #[test]
    fn a_described_model_costs_what_the_real_one_costs() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/digits/");
        let read = |name: &str| std::fs::read(format!("{folder}{name}")).unwrap();
        let model = parse(Format::Safetensors, &read("digits-mlp.safetensors")).unwrap();
        let input = parse(Format::Csv, &read("digits.csv")).unwrap();
        let files = [model.content(), input.content()];
        assert_eq!(
            described(Kind::MlpI8, &files).unwrap().estimate(),
            Order::inference(model, input).unwrap().estimate()
        );
    }

    #[test]
    fn what_no_file_can_hold_is_refused() {
        let matrix = |rows, cols| FileContent::Matrix { rows, cols };
        let most = u32::MAX;
        for files in [
            vec![],
            vec![matrix(1, 1)],
            vec![matrix(0, 1), matrix(1, 1)],
            vec![matrix(2, 3), matrix(4, 5)],
            vec![matrix(1, most), matrix(most, 1)],
            vec![matrix(most, most), matrix(most, most)],
            vec![matrix(1, 131_072), matrix(131_072, 1)],
            vec![matrix(1, 1), FileContent::Data { bytes: 1, columns: None }],
        ] {
            assert!(described(Kind::MatmulI8, &files).is_err(), "{files:?}");
        }
        let model = |dims: &[u32]| vec![FileContent::Model { dims: dims.to_vec() }, matrix(1, 1)];
        for dims in [vec![], vec![1], vec![2, 1], vec![1; 40], vec![1, most], vec![1, 0, 1]] {
            assert!(described(Kind::MlpI8, &model(&dims)).is_err(), "{dims:?}");
        }
        for bytes in [0, u64::MAX] {
            assert!(described(Kind::HashTree, &[FileContent::Data { bytes, columns: None }]).is_err());
            assert!(described(Kind::HashTree2, &[FileContent::Blocks { blocks: most, bytes }]).is_err());
        }
    }
}
