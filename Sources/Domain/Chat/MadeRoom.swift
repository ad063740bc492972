/// What is recorded of a wish for a room of which there is one: a repetition is answered as the first was.
struct MadeRoom: Sendable, Codable {
    let id: RoomID
    let isNew: Bool
}

extension MadeRoom {
    /// Also of records from before, which are the id alone: whoever repeats those is told of a room that is there.
    init(from decoder: any Decoder) throws {
        // No object: it is one of those, or nothing of ours, which the next line finds out.
        guard let fields = try? decoder.container(keyedBy: CodingKeys.self) else {
            self.init(id: try decoder.singleValueContainer().decode(RoomID.self), isNew: false)
            return
        }
        self.init(
            id: try fields.decode(RoomID.self, forKey: .id),
            isNew: try fields.decode(Bool.self, forKey: .isNew))
    }
}
