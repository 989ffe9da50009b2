//! The lock of images and its evidence, from outside.

mod evidence;
mod feature;
mod registry;
mod scene;
mod schemas;
