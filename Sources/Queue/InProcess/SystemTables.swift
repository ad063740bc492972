import Relational

extension SystemTable {
    static let eventLog = SystemTable("event_log")
    static let eventLayout = SystemTable("event_layout")
    static let eventOffsets = SystemTable("event_offsets")
    static let eventMembers = SystemTable("event_members")
    static let deadLetters = SystemTable("dead_letters")
    static let jobs = SystemTable("jobs")
}
