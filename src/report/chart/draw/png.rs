//! A scene as PNG.
//!
//! Letters are placed here and not by plotters, which puts each one at a whole pixel and drops the space at its
//! left. All coordinates come from integers; the only roundings are those of IEEE 754, the same everywhere.
//! Letters stand at half pixels and have few shades, so that equal ones are equal bytes: half the file.

use std::collections::BTreeMap;

use ab_glyph::{Font as _, point};
use plotters::prelude::{BitMapBackend, DrawingBackend};
use plotters::style::Color;

use super::{DrawError, rgb, shapes};
use crate::report::chart::font;
use crate::report::chart::scene::{Scene, Text};

/// Pixels of the picture per pixel of the scene.
const SCALE: i32 = 2;

/// Shades between a letter and its ground.
const SHADES: f32 = 12.0;

/// Draws a scene with two pixels for each of its own.
///
/// # Errors
/// The reason of a backend; drawing to memory has none.
pub(in crate::report::chart) fn png(scene: &Scene) -> Result<Vec<u8>, DrawError> {
    let (width, height) = scene.size;
    let size = ((width * SCALE).unsigned_abs(), (height * SCALE).unsigned_abs());
    let mut pixels = vec![0xff; size.0 as usize * size.1 as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut pixels, size);
        shapes(scene, SCALE, &mut backend)?;
        for text in &scene.texts {
            draw_text(text, &mut backend)?;
        }
        backend.present().map_err(DrawError::new)?;
    }
    encoded(&pixels, size)
}

fn draw_text(text: &Text, backend: &mut BitMapBackend<'_>) -> Result<(), DrawError> {
    let face = font::face().ok_or_else(|| DrawError::new("the shipped font does not parse"))?;
    let em = (text.size * SCALE) as f32;
    let units_per_em = face.units_per_em().unwrap_or(1.0);
    let scale = em * face.height_unscaled() / units_per_em;
    let (left, base) = ((text.left() * SCALE) as f32, (text.at.1 * SCALE) as f32);
    let colour = rgb(text.colour);
    let mut advance = 0_u32;
    for letter in text.line.chars() {
        let x = ((left + advance as f32 * em / units_per_em) * 2.0).round() / 2.0;
        advance += font::advance(letter);
        let glyph = face.glyph_id(letter).with_scale_and_position(scale, point(x, base));
        let Some(outline) = face.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        let mut drawn = Ok(());
        outline.draw(|x, y, cover| {
            let shade = (cover.min(1.0) * SHADES).round() / SHADES;
            if shade > 0.0 && drawn.is_ok() {
                let place = (whole(corner.x + x as f32), whole(corner.y + y as f32));
                let ink = colour.mix(f64::from(shade)).to_backend_color();
                drawn = backend.draw_pixel(place, ink);
            }
        });
        drawn.map_err(DrawError::new)?;
    }
    Ok(())
}

/// Writes pixels with a palette if they have few enough colours.
fn encoded(pixels: &[u8], size: (u32, u32)) -> Result<Vec<u8>, DrawError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.0, size.1);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    let indexed = indexed(pixels);
    let data = if let Some((palette, indices)) = &indexed {
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(palette.as_slice());
        indices.as_slice()
    } else {
        encoder.set_color(png::ColorType::Rgb);
        pixels
    };
    let mut writer = encoder.write_header().map_err(DrawError::new)?;
    writer.write_image_data(data).map_err(DrawError::new)?;
    writer.finish().map_err(DrawError::new)?;
    Ok(out)
}

/// Returns a palette and a byte for each pixel; `None` if there are more than 256 colours.
fn indexed(pixels: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut numbers: BTreeMap<[u8; 3], u8> = BTreeMap::new();
    let mut palette = Vec::new();
    let mut indices = Vec::with_capacity(pixels.len() / 3);
    let mut last = None;
    for pixel in pixels.as_chunks::<3>().0 {
        let known = last.filter(|(colour, _)| colour == pixel).map(|(_, number)| number);
        let number = if let Some(number) = known.or_else(|| numbers.get(pixel).copied()) {
            number
        } else {
            let number = u8::try_from(numbers.len()).ok()?;
            numbers.insert(*pixel, number);
            palette.extend_from_slice(pixel);
            number
        };
        last = Some((*pixel, number));
        indices.push(number);
    }
    Some((palette, indices))
}

/// Corners of pixels are whole numbers.
#[expect(clippy::cast_possible_truncation, reason = "a picture has less than 2²⁴ rows and columns")]
fn whole(pixel: f32) -> i32 {
    pixel as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_make_a_palette_and_many_do_not() {
        let two = [1, 2, 3, 4, 5, 6, 1, 2, 3];
        assert_eq!(indexed(&two), Some((vec![1, 2, 3, 4, 5, 6], vec![0, 1, 0])));
        let many: Vec<u8> = (0..=256_u16)
            .flat_map(|it| [it.to_le_bytes(), [7, 0]].concat()[..3].to_vec())
            .collect();
        assert_eq!(indexed(&many), None);
        assert!(indexed(&many[3..]).is_some());
    }
}
