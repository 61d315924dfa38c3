//! A scene as SVG.
//!
//! Text stays text: it can be searched and copied, and screen readers find it. The shipped font travels inside
//! the file (31 kB as base64), so that the picture looks the same where the font is not installed; programs that
//! ignore embedded fonts fall back to one of equal widths.

use std::sync::LazyLock;

use plotters::prelude::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, TextStyle};

use super::{DrawError, rgb, shapes};
use crate::report::chart::font;
use crate::report::chart::palette::WHITE;
use crate::report::chart::scene::{Anchor, Area, Scene, Shape, Text};

/// The backend divides all font sizes by this number.
const BACKEND_SCALE: f64 = 1.24;

/// The font as a style sheet; no kerning, as the widths are measured without.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let font = base64(font::BYTES);
    format!(
        "<style>@font-face{{font-family:'Lanecast Sans';src:url(data:font/ttf;base64,{font})}}\
         text{{font-kerning:none}}</style>\n"
    )
});

/// Draws a scene.
///
/// # Errors
/// The reason of the backend; drawing to memory has none.
pub(in crate::report::chart) fn svg(scene: &Scene) -> Result<String, DrawError> {
    let mut out = String::new();
    let size = (scene.size.0.unsigned_abs(), scene.size.1.unsigned_abs());
    {
        let mut backend = SVGBackend::with_string(&mut out, size);
        let ground = Shape::Rect(Area::new(0, 0, scene.size.0, scene.size.1), WHITE);
        let mut all = Scene { shapes: vec![ground], texts: Vec::new(), ..scene.clone() };
        all.shapes.extend_from_slice(&scene.shapes);
        shapes(&all, 1, &mut backend)?;
        for text in &scene.texts {
            draw_text(text, &mut backend)?;
        }
        backend.present().map_err(DrawError::new)?;
    }
    let head = out.find('\n').map_or(out.len(), |end| end + 1);
    out.insert_str(head, &format!("<title>{}</title>\n{}", escaped(&scene.title), *STYLE));
    Ok(out)
}

fn draw_text(text: &Text, backend: &mut SVGBackend<'_>) -> Result<(), DrawError> {
    let family = FontFamily::Name(font::FAMILIES);
    let font = FontDesc::new(family, f64::from(text.size) * BACKEND_SCALE, FontStyle::Normal);
    let h_pos = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let style = TextStyle {
        font,
        color: rgb(text.colour).to_backend_color(),
        pos: Pos::new(h_pos, VPos::Top),
    };
    // From its top the backend goes down 0.76 em to the base line.
    let top = text.at.1 - (text.size * 76 + 50) / 100;
    backend.draw_text(&text.line, &style, (text.at.0, top)).map_err(DrawError::new)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Encodes bytes as base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * position) & 63) as usize];
            out.push(if position <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn the_embedded_font_is_small() {
        assert!(STYLE.len() < 40_000, "{}", STYLE.len());
    }

    #[test]
    fn names_cannot_break_the_markup() {
        let mut scene = Scene::new(200, "a<b>&\"c\"");
        scene.size.1 = 40;
        scene.text(Text::new((4, 20), 12, "</text><script>&\u{1}"));
        let svg = svg(&scene).unwrap();
        assert!(svg.contains("<title>a&lt;b&gt;&amp;\"c\"</title>"), "{svg}");
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;&amp;\n"), "{svg}");
    }
}
