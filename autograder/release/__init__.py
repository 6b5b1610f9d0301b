"""From source/ to release/, and the proof that it is fit to give."""
