//! Pictures that people point a phone at.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};
use serde_json::Value;

/// Pixels along a module's side.
const SCALE: usize = 4;
/// Modules of white around the code (ISO 18004: four).
const MARGIN: usize = 4;

/// The same answer, with `enrollQrCode`, a picture of `enrollUri`, if it has one.
pub fn with_picture(mut answer: Value) -> Value {
    if let Some(picture) = answer["enrollUri"].as_str().and_then(data_url) {
        answer["enrollQrCode"] = picture.into();
    }
    answer
}

/// A QR code as a PNG in a data URL; none for a text that fits no QR code.
fn data_url(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    let modules = code.width() + 2 * MARGIN;
    let side = u32::try_from(modules * SCALE).ok()?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels(&code, modules)).ok()?;
    writer.finish().ok()?;
    Some(format!(
        "data:image/png;base64,{}",
        BASE64_STANDARD.encode(file)
    ))
}

fn pixels(code: &QrCode, modules: usize) -> Vec<u8> {
    let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < code.width());
    let shade = |x: usize, y: usize| match (inside(x / SCALE), inside(y / SCALE)) {
        (Some(x), Some(y)) if code[(x, y)] == Color::Dark => 0,
        _ => 255,
    };
    let side = modules * SCALE;
    (0..side * side)
        .map(|at| shade(at % side, at / side))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_uri_gets_a_picture_and_other_answers_none() {
        let shown = with_picture(json!({ "enrollUri": "otpauth://totp/a?secret=ABC" }));
        let picture = shown["enrollQrCode"].as_str().unwrap_or_default();
        assert!(
            picture.starts_with("data:image/png;base64,iVBOR"),
            "{picture}"
        );
        assert_eq!(
            with_picture(json!({ "login": "x" })),
            json!({ "login": "x" })
        );
    }
}
