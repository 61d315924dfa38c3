//! Scenes as SVG and PNG, drawn by plotters' backends.
//!
//! Both pictures show the same at the same places; the PNG has twice the pixels, so that small text is sharp.

mod png;
mod svg;

use std::fmt;

use plotters::prelude::DrawingBackend;
use plotters::style::{RGBColor, ShapeStyle};

use super::palette::Colour;
use super::scene::{Scene, Shape};

pub(super) use png::png;
pub(super) use svg::svg;

/// Why a picture cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawError(String);

// === impl DrawError ===

impl DrawError {
    fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a chart cannot be drawn: {}", self.0)
    }
}

impl std::error::Error for DrawError {}

fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.0, colour.1, colour.2)
}

fn style(colour: Colour, filled: bool, stroke_width: u32) -> ShapeStyle {
    ShapeStyle { color: rgb(colour).into(), filled, stroke_width }
}

/// Draws all shapes of a scene, each pixel of the scene as `scale` pixels.
fn shapes<B: DrawingBackend>(scene: &Scene, scale: i32, backend: &mut B) -> Result<(), DrawError> {
    let place = |(x, y): (i32, i32)| (x * scale, y * scale);
    for shape in &scene.shapes {
        let drawn = match shape {
            Shape::Rect(area, colour) => backend.draw_rect(
                place((area.left, area.top)),
                place((area.right, area.bottom)),
                &style(*colour, true, 0),
                true,
            ),
            Shape::Line(points, width, colour) => backend.draw_path(
                points.iter().copied().map(place),
                &style(*colour, false, *width * scale.unsigned_abs()),
            ),
        };
        drawn.map_err(DrawError::new)?;
    }
    Ok(())
}
