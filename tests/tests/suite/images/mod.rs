//! The lock of images and its evidence, from outside.

mod evidence;
mod scene;
mod schemas;
