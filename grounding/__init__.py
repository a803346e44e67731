"""What holds the text to the figures: slots, rendering, verification, replay."""
