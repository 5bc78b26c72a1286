"""Views: functions from a Graph to a simpler one, or to the parts that a table or picture shows. No torch, no formatting."""
