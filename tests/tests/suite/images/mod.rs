//! The lock of images and its evidence, from outside.

mod evidence;
mod registry;
mod scene;
mod schemas;
