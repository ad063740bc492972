/// Calls under way, by numbers of which none is given out twice.
struct CallTable {
    private static let placeBits = 24

    private var places: [PipelinedCall?] = []
    private var free: [Int] = []
    private var serial = 0

    private(set) var count = 0
    var isEmpty: Bool { count == 0 }

    /// Its number.
    mutating func add(_ call: PipelinedCall) -> Int {
        let place = free.popLast() ?? places.count
        if place == places.count { places.append(nil) }
        serial += 1
        let number = serial << Self.placeBits | place
        call.number = number
        places[place] = call
        count += 1
        return number
    }

    subscript(number: Int) -> PipelinedCall? {
        let place = number & (1 << Self.placeBits - 1)
        guard place < places.count, let call = places[place], call.number == number else { return nil }
        return call
    }

    mutating func remove(_ number: Int) -> PipelinedCall? {
        guard let call = self[number] else { return nil }
        let place = number & (1 << Self.placeBits - 1)
        places[place] = nil
        free.append(place)
        count -= 1
        return call
    }
}
