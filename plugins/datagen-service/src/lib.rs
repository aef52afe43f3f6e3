//! The service that the datagen plugin exports and other plugins call
