"""OpenDSR 2.0 (formerly OpenGDPR): requests of persons between a controller and its processors, with signed answers."""
