"""Breaking the glass: a member says why they need to see persons in clear."""
