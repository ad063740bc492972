import Testing

@testable import Profiles

@Suite struct ProfileSearchTests {
    private let folder: TemporaryFolder
    private let other: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        other = try TemporaryFolder()
        try folder.write("seed.yaml", "first")
        try other.write("seed.yaml", "second")
        try other.write("series-a.yaml", "")
        try other.write("notes.txt", "")
    }

    private var search: ProfileSearch { ProfileSearch(folders: [folder.path, other.path, "/nowhere"]) }

    @Test("a name is looked for in each folder in turn") func names() throws {
        #expect(try search.find("seed") == "\(folder.path)/seed.yaml")
        #expect(try search.find("seed.yaml") == "\(folder.path)/seed.yaml")
        #expect(try search.find("series-a") == "\(other.path)/series-a.yaml")
        #expect(search.names == ["seed", "series-a"])
    }

    @Test("a path is taken as it is") func paths() throws {
        #expect(try search.find("\(other.path)/seed.yaml") == "\(other.path)/seed.yaml")
    }

    @Test(
        "a name that is not there is answered with those that are",
        arguments: [
            ("sed", #"sed: no such profile; there are: seed, series-a; did you mean "seed"?"#),
            (
                "serise-a.yaml",
                #"serise-a.yaml: no such profile; there are: seed, series-a; did you mean "series-a"?"#
            ),
            ("/x/huge.yaml", "/x/huge.yaml: no such profile; there are: seed, series-a"),
            ("../seed", #"../seed: no such profile; there are: seed, series-a; did you mean "seed"?"#),
        ])
    func typos(name: String, expected: String) {
        let error = #expect(throws: ProfileProblems.self) { try search.find(name) }
        #expect(error?.description == expected)
    }

    @Test("the folders of the working folder and of the executable are searched") func standard() {
        let folders = ProfileSearch.standard.folders
        #expect(folders.first == "profiles")
        #expect(folders.count > 2)
    }
}
