"""What people read: feedback, reports, exports, and what students wrote as safe HTML."""
